"""The types of raw parameters: which are tried, what is remembered of them, how they are sent."""

import enum
import math
import struct
from typing import Any

import pytest

from prisma_wasm import raw_parameters
from prisma_wasm.raw_parameters import (
    BOOL,
    INT4,
    INT8,
    TEXT,
    TEXT_ARRAY,
    UNDECLARED,
    Accepted,
    attempts,
    parameters,
)
from prisma_wasm.serializers import PLAIN, Serializers
from prisma_wasm.wire import Declaration


def test_attempts() -> None:
    """First all types, then without those of texts, none, and int4; nothing is tried twice."""
    assert attempts((INT8, TEXT, TEXT_ARRAY)) == [
        (INT8, TEXT, TEXT_ARRAY),
        (INT8, UNDECLARED, UNDECLARED),
        (),
        (INT4, UNDECLARED, UNDECLARED),
    ]
    assert attempts((TEXT, UNDECLARED)) == [(TEXT, UNDECLARED), ()]
    assert attempts((BOOL,)) == [(BOOL,), ()]


def test_nothing_to_declare() -> None:
    """Nulls, empty lists and lists of several types are left to PostgreSQL."""
    assert parameters([None, [], [1, "a"], [1, None], [[1]]], PLAIN).types == ()
    assert parameters([[None], None], PLAIN).types == (1007, UNDECLARED)
    assert parameters([], PLAIN) == ([], ())


class _Number(enum.IntEnum):
    FIVE = 5


@pytest.mark.parametrize(
    ("items", "type_"),
    [
        ([1, -(2**63)], 1016),
        ([2**63, 2**64], 1231),
        ([1, 2**63], UNDECLARED),
        ([1.5, 2.0], 1231),
        ([math.inf], 1022),
        ([1.5, math.nan], UNDECLARED),
        (["a", "b"], TEXT_ARRAY),
        ([True, False], 1000),
        ([1, True], UNDECLARED),
        ([_Number.FIVE, 1], 1016),
    ],
)
def test_lists(items: list[Any], type_: int) -> None:
    """A list is an array of the type that each of its items has."""
    assert parameters([items], PLAIN) == ([items], (type_,) if type_ else ())


@pytest.mark.parametrize("item", [1, 1.5, "a", True])
def test_long_lists(item: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of a long list are not converted one by one, which would block the event loop."""
    converted: list[Any] = []
    convert = raw_parameters._parameter  # pyright: ignore[reportPrivateUsage]

    def counted(value: Any, serializers: Serializers) -> Any:
        converted.append(value)
        return convert(value, serializers)

    monkeypatch.setattr(raw_parameters, "_parameter", counted)
    parameters([[item] * 1000], PLAIN)
    assert len(converted) == 1


def test_too_many() -> None:
    """More parameters than PostgreSQL takes are left for it to refuse."""
    assert len(parameters([1] * 65_535, PLAIN).types) == 65_535
    assert parameters([1] * 65_536, PLAIN).types == ()


class TestAccepted:
    """What PostgreSQL took before."""

    def test_number_is_bounded(self) -> None:
        """Of too many statements those go that were noted first."""
        accepted = Accepted()
        for number in range(2000):
            accepted.note(f"SELECT {number}", (TEXT,), ())
        assert accepted.find("SELECT 0", (TEXT,)) is None
        assert accepted.find("SELECT 1999", (TEXT,)) == ()
        assert len(accepted) == 500

    def test_text_is_bounded(self) -> None:
        """Long statements take no more memory than many short ones; a huge one takes none."""
        accepted = Accepted()
        for number in range(100):
            accepted.note(f"SELECT {number} {'x' * 50_000}", (INT8,), (INT8,))
        known = len(accepted)
        assert 10 < known < 30
        assert 2**19 < accepted.text_size <= 2**20
        accepted.note("x" * 2**21, (INT8,), ())
        assert len(accepted) == known

    def test_filled(self) -> None:
        """None has the type that was declared last; what may not be filled in is left alone."""
        accepted = Accepted()
        assert accepted.filled("SELECT $1", [None, 5], (UNDECLARED, INT8)) == (UNDECLARED, INT8)
        accepted.note_latest("SELECT $1", (TEXT, TEXT))
        assert accepted.filled("SELECT $1", [None, 5], (UNDECLARED, INT8)) == (TEXT, INT8)
        assert accepted.filled("SELECT $1", [[], 5], (UNDECLARED, INT8)) == (UNDECLARED, INT8)
        assert accepted.filled("SELECT $1", [None], (UNDECLARED,)) == (UNDECLARED,)
        accepted.never_fill("SELECT $1")
        accepted.note_latest("SELECT $1", (TEXT, TEXT))
        assert accepted.filled("SELECT $1", [None, 5], (UNDECLARED, INT8)) == (UNDECLARED, INT8)

    def test_noted_again_and_forgotten(self) -> None:
        """A statement counts once, and not at all when it is forgotten."""
        accepted = Accepted()
        accepted.note("SELECT $1", (INT8,), (INT8,))
        accepted.note("SELECT $1", (INT8,), ())
        assert accepted.find("SELECT $1", (INT8,)) == ()
        accepted.forget("SELECT $1", (INT8,))
        accepted.forget("SELECT $1", (INT8,))
        assert accepted.find("SELECT $1", (INT8,)) is None
        assert (len(accepted), accepted.text_size) == (0, 0)


def _parse(name: str, sql: str, types: bytes) -> bytes:
    body = name.encode() + b"\0" + sql.encode() + b"\0" + types
    return b"P" + struct.pack("!i", len(body) + 4) + body


class TestDeclaration:
    """The driver's message to prepare a statement gets the types."""

    @pytest.mark.parametrize("name", ["", "prisma_1"])
    def test_of_the_statement(self, name: str) -> None:
        """Its own Parse message is changed, with what follows it left alone."""
        described = b"D\0\0\0\x06S\0H\0\0\0\x04"
        message = _parse(name, "SELECT $1, 'ü'", b"\0\0") + described
        found = bytes(Declaration("SELECT $1, 'ü'", (INT8, 0)).put_into(memoryview(message)))
        types = struct.pack("!HII", 2, INT8, 0)
        assert found == _parse(name, "SELECT $1, 'ü'", types) + described

    @pytest.mark.parametrize(
        "message",
        [
            _parse("", "SELECT $2", b"\0\0"),
            _parse("", "SELECT $1", b"\0\x01\0\0\0\x14"),
            b"B\0\0\0\x0e\0\0\0\0\0\0\0\0\0\0",
            b"S\0\0\0\x04",
        ],
        ids=["another statement", "types already", "no Parse", "Sync"],
    )
    def test_of_others(self, message: bytes) -> None:
        """Every other message stays as it is."""
        declaration = Declaration("SELECT $1", (INT8,))
        assert bytes(declaration.put_into(memoryview(message))) == message
