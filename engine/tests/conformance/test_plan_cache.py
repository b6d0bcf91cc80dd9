"""Queries of one shape share a plan: it is made once, and no value of one query is in another's."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from references import reachable


async def _misses(db: Any) -> int:
    metrics = await db.get_metrics()
    return next(m.value for m in metrics.counters if m.key == "prisma_plan_cache_misses_total")


async def _plans(db: Any) -> int:
    metrics = await db.get_metrics()
    return next(m.value for m in metrics.gauges if m.key == "prisma_plan_cache_plans")


def _values(prisma: Any, n: int) -> dict[str, Any]:
    """A value of every type, different for every number."""
    return {
        "string": f"text {n}",
        "bool": n % 2 == 0,
        "int": n,
        "big": 2**53 + n,
        "float": n + 0.5,
        "dec": Decimal(n) / 4,
        "moment": datetime(2024, 1, 1 + n, tzinfo=UTC),
        "doc": prisma.Json({"n": [n]}),
        "blob": prisma.Base64.encode(bytes([n])),
        "role": ("USER", "ADMIN", "GUEST")[n % 3],
    }


async def test_values_make_no_new_plan(db: Any, prisma: Any) -> None:
    """Writes and filters that differ in values alone are compiled once, whatever the type."""
    await db.scalars.create(data=_values(prisma, 0))
    before = await _misses(db)
    made = [await db.scalars.create(data=_values(prisma, n)) for n in range(1, 6)]
    assert await _misses(db) == before
    assert [row.int for row in made] == [1, 2, 3, 4, 5]
    assert [row.doc for row in made] == [{"n": [n]} for n in range(1, 6)]


@pytest.mark.parametrize(
    "field", ["string", "bool", "int", "big", "float", "dec", "moment", "blob", "role"]
)
async def test_each_type_in_filters(db: Any, prisma: Any, field: str) -> None:
    """A filter finds its own value's records and no others, with one plan for all values."""
    await db.scalars.create_many(data=[_values(prisma, n) for n in range(3)])
    await db.scalars.find_many(where={field: _values(prisma, 0)[field]})
    before = await _misses(db)
    for n in range(3):
        value = _values(prisma, n)[field]
        for row in await db.scalars.find_many(where={field: value}):
            stored = getattr(row, field)
            assert stored == value
    assert await _misses(db) == before


async def test_equal_values_share_no_meaning(db: Any) -> None:
    """Two places that held the same value once are still two places."""
    await db.ticket.create(data={"id": 1, "price": 1})
    await db.ticket.create(data={"id": 2, "price": 5})
    assert [t.id for t in await db.ticket.find_many(where={"id": 1, "price": 1})] == [1]
    assert [t.id for t in await db.ticket.find_many(where={"id": 2, "price": 5})] == [2]
    assert await db.ticket.find_many(where={"id": 2, "price": 2}) == []
    where = {"OR": [{"id": 1}, {"price": 1}]}
    assert [t.id for t in await db.ticket.find_many(where=where)] == [1]
    where = {"OR": [{"id": 1}, {"price": 5}]}
    assert [t.id for t in await db.ticket.find_many(where=where, order={"id": "asc"})] == [1, 2]


async def test_null_is_a_shape_of_its_own(db: Any) -> None:
    """NULL, a value, and nothing at all are three queries."""
    await db.scalars.create_many(data=[{"string": "a", "int": 1}, {"int": 2}])
    for _ in range(2):
        assert await db.scalars.count(where={"string": "a"}) == 1
        assert await db.scalars.count(where={"string": None}) == 1
        assert await db.scalars.count(where={}) == 2
        row = await db.scalars.update(where={"id": 1}, data={"string": None})
        assert row.string is None
        row = await db.scalars.update(where={"id": 1}, data={"string": "a"})
        assert row.string == "a"


async def test_lists_of_any_length(db: Any) -> None:
    """Lists of other lengths, empty ones included, do not see each other's values."""
    await db.scalars.create_many(data=[{"int": n} for n in range(6)])
    for numbers in ([1, 2], [], [3], [1, 1, 1], [0, 1, 2, 3, 4, 5], [9], []):
        rows = await db.scalars.find_many(where={"int": {"in": numbers}}, order={"int": "asc"})
        assert [row.int for row in rows] == sorted(set(numbers) - {9})
        rows = await db.scalars.find_many(where={"int": {"not_in": numbers}})
        assert len(rows) == 6 - len(set(numbers) - {9})
    before = await _misses(db)
    await db.scalars.find_many(where={"int": {"in": [7, 8, 9]}}, order={"int": "asc"})
    assert await _misses(db) == before


async def test_take_and_skip(db: Any) -> None:
    """Numbers of rows are values; their sign belongs to the shape."""
    await db.scalars.create_many(data=[{"int": n} for n in range(6)])

    async def ints(**arguments: Any) -> list[int]:
        rows = await db.scalars.find_many(order={"int": "asc"}, **arguments)
        return [row.int for row in rows]

    assert await ints(take=2) == [0, 1]
    before = await _misses(db)
    assert await ints(take=4) == [0, 1, 2, 3]
    assert await _misses(db) == before
    assert await ints(take=-2) == [4, 5]
    assert await ints(take=0) == []
    assert await ints(take=3, skip=1) == [1, 2, 3]
    assert await ints(take=1, skip=4) == [4]
    assert await ints(take=2) == [0, 1]


async def test_create_many_of_any_number(db: Any) -> None:
    """The number of records is no part of the shape."""
    await db.user.create_many(data=[{"email": "first", "age": 1}])
    before = await _misses(db)
    for count in (2, 3, 50):
        data = [{"email": f"{count}/{n}", "age": n} for n in range(count)]
        assert await db.user.create_many(data=data) == count
    assert await _misses(db) == before


async def test_upserts_with_and_without_equal_values(db: Any) -> None:
    """Whether an upsert's values are those of its key decides how it runs, not what it does."""
    for key, name in (("a", "a"), ("a", "b"), ("c", "c"), ("c", "c"), ("d", "x")):
        existing = await db.team.find_unique(where={"name": key})
        team = await db.team.upsert(
            where={"name": key}, data={"create": {"name": name}, "update": {"name": key}}
        )
        assert team.name == (key if existing else name)


async def test_secrets_are_not_kept(db: Any) -> None:
    """A value is in no object that outlives its query."""
    secret = "s3cr3t-" + "x" * 30
    user = await db.user.create(data={"email": secret, "tags": [secret]})
    await db.user.find_many(where={"OR": [{"email": secret}, {"name": {"contains": secret}}]})
    await db.user.update(where={"email": secret}, data={"name": secret})
    await db.user.delete(where={"id": user.id})
    engine = db._internal_engine
    del user
    found = list(reachable(engine))
    assert not [each for each in found if isinstance(each, str) and secret in each]
    assert len(found) > 1000


async def test_one_compilation_for_many_callers(db: Any) -> None:
    """Callers that come with the same new shape at once wait for one plan."""
    plans = await _plans(db)
    where = {"AND": [{"age": {"gt": 1}}, {"OR": [{"name": "x"}, {"email": "y"}, {"points": 1}]}]}
    await asyncio.gather(*[db.user.find_many(where=where) for _ in range(10)])
    assert await _plans(db) == plans + 1


async def test_what_is_refused_keeps_no_plan(db: Any, prisma: Any) -> None:
    """Queries that are wrong because of their values do not fill the cache."""
    with pytest.raises(prisma.errors.DataError):
        await db.user.find_many(where={"age": "x"})
    plans = await _plans(db)
    for n in range(5):
        with pytest.raises(prisma.errors.DataError):
            await db.user.find_many(where={"age": f"no number {n}"})
    assert await _plans(db) == plans
