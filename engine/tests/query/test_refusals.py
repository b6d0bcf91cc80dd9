"""Refused queries: compiled once for each shape, and no value is in what is kept of them."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from references import reachable

from prisma_wasm.caching import Room
from prisma_wasm.compiler import Compiler
from prisma_wasm.errors import QueryError
from prisma_wasm.plans import Plans
from prisma_wasm.protocol import Lifted
from prisma_wasm.refusals import Refusals

from .test_compiler import wasm as wasm  # a fixture
from .test_shape import SCHEMA, lifted_of


@pytest.fixture
def plans(wasm: Path) -> Plans:
    """Plans of the schema, by the real compiler."""
    return Plans(Compiler(wasm, SCHEMA))


async def _refusal(plans: Plans, query: Lifted) -> QueryError:
    assert plans.find(query) is None
    with pytest.raises(QueryError) as caught:
        await plans.compile(query)
    return caught.value


# Each with another one like it, as an unvalidated parameter of a request makes them.
_OF_TYPES: dict[str, list[dict[str, Any]]] = {
    "a text for a number": [{"where": {"id": text}} for text in ("a", "b", "")],
    "a text in a list of numbers": [{"where": {"id": {"in": [1, text]}}} for text in ("a", "b")],
    "a number for a text": [{"where": {"email": number}} for number in (1, 2)],
    "an object for a number": [{"where": {"id": {"x": text}}} for text in ("a", "b")],
    "null where none may be": [{"where": {"id": {"gt": None}}}] * 2,
    "a name that is not there": [{"where": {"nope": number}} for number in (1, 2)],
    "a name in an order": [{"order_by": {"nope": "asc"}}] * 2,
    "a text for a number of rows": [{"take": text} for text in ("x", "y")],
    "with numbers of rows": [{"where": {"nope": n}, "take": n, "skip": n} for n in (1, 2)],
    "a moment for a number": [
        {"where": {"id": {"gt": datetime(2024, 1, day, tzinfo=UTC)}}} for day in (1, 2)
    ],
}


@pytest.mark.parametrize("name", _OF_TYPES)
async def test_compiled_once(plans: Plans, name: str) -> None:
    """What follows from names and types is refused without the compiler from the second time on.

    Each caller gets an error of its own, with the same words.
    """
    errors = [
        await _refusal(plans, lifted_of("find_many", **arguments))
        for arguments in _OF_TYPES[name] * 2
    ]
    assert plans.metrics.compilations == 1
    assert len({(error.code, error.message) for error in errors}) == 1
    assert errors[0].code in ("P2009", "P2012")
    assert all(error.meta == errors[0].meta for error in errors)
    assert len({id(error) for error in errors}) == len({id(error.meta) for error in errors})


_OF_VALUES: dict[str, tuple[list[dict[str, Any]], int]] = {
    # The second number says how often two such queries are compiled.
    "no date": ([{"where": {"born": "s3cr3t 1"}}, {"where": {"born": "s3cr3t 2"}}], 2),
    "no role": ([{"where": {"role": "s3cr3t 1"}}, {"where": {"role": "s3cr3t 2"}}], 2),
    "too large": ([{"where": {"id": 2**64}}, {"where": {"id": 2**65}}], 2),
    # With what stands for the value, and with the value; then with the value alone.
    "less than no rows": ([{"skip": -1}, {"skip": -2}], 3),
}


@pytest.mark.parametrize("name", _OF_VALUES)
async def test_refused_for_a_value(plans: Plans, name: str) -> None:
    """A value that is refused for what it is stays in its own error, and no plan is kept."""
    queries, compilations = _OF_VALUES[name]
    errors = [await _refusal(plans, lifted_of("find_many", **query)) for query in queries]
    assert plans.metrics.compilations == compilations
    assert errors[0].message != errors[1].message
    assert plans.count == 0


async def test_a_number_is_no_type(plans: Plans) -> None:
    """A number that the compiler takes is not refused for one that it does not take."""
    for number in (1.5, 2.5, 2**31, 2**70, 2**31, 1.5):
        query = lifted_of("find_many", where={"id": number})
        assert query.values.has_literals
        if number == 2**70:
            await _refusal(plans, query)
        else:
            assert await plans.compile(query)


async def test_no_value_is_kept(plans: Plans) -> None:
    """A password in the wrong place is in no object that outlives its query."""
    secret = "s3cr3t-" + "x" * 30
    for where in ({"id": secret}, {"born": secret}, {"id": {"in": [1, secret]}}, {"nope": secret}):
        await _refusal(plans, lifted_of("find_many", where=where))
    gc.collect()
    found = list(reachable(plans))
    assert not [each for each in found if isinstance(each, str) and secret in each]
    assert len(found) > 50


async def test_they_take_a_limited_room(wasm: Path) -> None:
    """However many shapes are made up, what is kept of them has a limit, and plans stay."""
    room = Room(400_000)
    plans = Plans(Compiler(wasm, SCHEMA))
    plans._refusals = Refusals(room)  # pyright: ignore[reportPrivateUsage]
    valid = lifted_of("find_many", where={"id": 1})
    await plans.compile(valid)
    counts: list[int] = []
    for number in range(300):
        await _refusal(plans, lifted_of("find_many", where={f"name{number}": 1}))
        counts.append(len(plans._refusals))  # pyright: ignore[reportPrivateUsage]
        assert room.taken <= room.size // 2
    assert 10 < max(counts) < 300
    assert plans.find(valid) is not None


async def test_the_clients_answer(plans: Plans) -> None:
    """`undefined`, which JSON does not know, is null in an error's details."""
    error = await _refusal(plans, lifted_of("find_many", where={"role": "NOBODY"}))
    values = [part["underlyingError"] for part in error.meta["errors"] if "underlyingError" in part]
    assert values == [None]
