"""Values of every scalar type, from pools small enough for equal ones to meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from .schema import Field, enums
from .shapes import is_dict, is_list

# How many records of each model there are in the beginning.
ROWS: Final = {
    "Team": 4,
    "User": 8,
    "Profile": 5,
    "Category": 6,
    "Post": 14,
    "Comment": 15,
    "Invoice": 5,
    "Group": 4,
    "Membership": 12,
    "Note": 8,
    "Event": 9,
    "Kind": 12,
}


@dataclass(frozen=True)
class JsonValue:
    """A value of a Json field; becomes the `fields.Json` of a client's package."""

    data: Any

    def __repr__(self) -> str:
        return f"Json({self.data!r})"


@dataclass(frozen=True)
class BytesValue:
    """A value of a Bytes field; becomes the `fields.Base64` of a client's package."""

    data: bytes

    def __repr__(self) -> str:
        return f"Base64.encode({self.data!r})"


def for_package(value: Any, fields: Any) -> Any:
    """The same value in a client package's own classes; containers are copied."""
    if isinstance(value, JsonValue):
        return fields.Json(value.data)
    if isinstance(value, BytesValue):
        return fields.Base64.encode(value.data)
    if is_dict(value):
        return {key: for_package(item, fields) for key, item in value.items()}
    if is_list(value):
        return [for_package(item, fields) for item in value]
    return value


_EPOCH: Final = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
STRINGS: Final = (
    "",
    "a",
    "alpha",
    "Alpha",
    "ALPHA beta",
    "beta gamma",
    "100% sure",
    "x_y",
    "back\\slash",
    "o'clock",
    'quo"ted',
    "line\nbreak\ttab",
    "Zürich ß",
    "日本語",
    "🙂 smile",
    " padded ",
    "null",
    "42",
    "{brace}",
    "$1",
)
_INTS: Final = (0, 1, 2, 3, 5, 7, 10, 42, -1, -3, 100, 32767, -32768)
_BIGS: Final = (0, 1, -1, 7, 100, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63))
_FLOATS: Final = (0.0, 1.0, -1.5, 0.1, 2.25, 3.5, 1e10, 1.25e-7, 123456.789, -0.5)
_DECIMALS: Final = ("0", "1", "1.5", "-2.25", "0.000001", "100", "12345.678901", "99999999.99")
_JSONS: Final[tuple[Any, ...]] = (
    {},
    [],
    {"a": 1},
    {"a": 2, "b": {"c": "deep"}},
    {"a": {"b": [1, 2, 3]}},
    {"b": "text", "list": ["x", "y", 1.5, None, True]},
    [1, "two", {"three": 3}],
    "word",
    "",
    0,
    1.5,
    True,
    False,
    {"big": 2**40, "ü": "ß🙂", "quote": 'a"b\\c'},
)
_DOCUMENTS: Final = tuple(item for item in _JSONS if not isinstance(item, str))
_UUIDS: Final = tuple(f"00000000-0000-4000-8000-0000000000{n:02x}" for n in range(24))
_INETS: Final = ("10.0.0.1", "192.168.1.0/24", "::1")
WORDS: Final = ("alpha", "beta", "gamma", "delta", "omega")
JSON_PATHS: Final = (["a"], ["b"], ["b", "c"], ["a", "b"], ["list"], ["list", "0"], ["0"], ["none"])


class Values:
    """Draws values; the same seed draws the same ones."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, items: Any) -> Any:
        return self.random.choice(items)

    def some(self, items: list[Any], least: int, most: int) -> list[Any]:
        """Different items, in any order."""
        count = min(len(items), self.random.randint(least, most))
        return self.random.sample(items, count)

    def of(self, field: Field) -> Any:
        """A value of a field's element type."""
        if field.type in enums():
            return self.pick(enums()[field.type])
        return getattr(self, f"_{field.type.lower()}")(field)

    def list_of(self, field: Field, most: int = 3) -> list[Any]:
        return [self.of(field) for _ in range(self.random.randint(0, most))]

    def _string(self, field: Field) -> str:
        if field.native == "Uuid":
            return self.pick(_UUIDS)
        if field.native == "Inet":
            return self.pick(_INETS)
        if field.name == "email":
            return f"user{self.random.randint(1, 14)}@example.com"
        if field.name == "slug":
            return f"slug-{self.random.randint(1, 6)}"
        if field.name in ("key", "groupKey"):
            return self.pick(WORDS)
        if field.name == "number":
            return f"INV-{self.random.randint(1, 9)}"
        if field.name == "place":
            return self.pick(WORDS[:3])
        if field.native == "Char":
            return self.pick(("a", "abc", "abcde", "Ä"))
        if field.native == "VarChar":
            return self.pick(("a", "Alpha", "alpha", "ten chars!", "ü"))
        if field.is_unique:
            return f"{self.pick(WORDS)} {self.random.randint(1, 4)}"
        return self.pick(STRINGS)

    def _boolean(self, field: Field) -> bool:
        return self.chance(0.5)

    def _int(self, field: Field) -> int:
        if field.identifies:
            # Mostly records that are there; the next one may have been made by an earlier step.
            return self.random.randint(1, ROWS[field.identifies] + 1)
        if field.native == "Oid":
            return self.pick((0, 1, 42, 2**31 - 1))
        if field.native == "SmallInt":
            return self.pick(_INTS)
        if field.name in ("seq", "views", "age", "level"):
            return self.random.randint(0, 5) if self.chance(0.8) else self.pick(_INTS)
        return self.pick((*_INTS, 2**31 - 1, -(2**31)))

    def _bigint(self, field: Field) -> int:
        return self.pick(_BIGS)

    def _float(self, field: Field) -> float:
        if field.native == "Real":
            return self.pick((0.0, 1.0, -1.5, 0.1, 2.25, 3.5))
        return self.pick(_FLOATS)

    def _decimal(self, field: Field) -> Decimal:
        if field.native == "Money":
            # The oracle's adapter reads neither `-$2.25` nor `$1,234.56`.
            return Decimal(self.pick(("0", "1.5", "2.25", "123.45")))
        return Decimal(self.pick(_DECIMALS))

    def _datetime(self, field: Field) -> datetime:
        if field.native == "Date":
            midnight = _EPOCH.replace(hour=0, minute=0, second=0)
            return midnight + timedelta(days=self.random.randint(-3, 3))
        if field.native == "Time":
            midnight = datetime(1970, 1, 1, tzinfo=UTC)
            return midnight + timedelta(hours=self.random.randint(0, 23), milliseconds=250)
        moved = timedelta(hours=self.random.randint(-4, 4), milliseconds=self.pick((0, 1, 500)))
        return _EPOCH + moved + timedelta(days=self.pick((0, 0, 1, 365, -20000)))

    def _json(self, field: Field) -> JsonValue:
        # The oracle's adapter reads no bare texts out of a list of documents.
        return JsonValue(self.pick(_DOCUMENTS if field.is_list else _JSONS))

    def _bytes(self, field: Field) -> BytesValue:
        return BytesValue(self.pick((b"", b"\x00\xff", b"bytes", "ü🙂".encode())))
