"""Lists beyond PostgreSQL's limit of parameters, many rows at once, long batches."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

# PostgreSQL takes 65,535 parameters, and the driver half of that.
_LONG = (pytest.param(30_000, marks=pytest.mark.full), 70_000)
_ROWS = 50_000


def _uuids(start: int, stop: int) -> list[str]:
    return [str(UUID(int=n)) for n in range(start, stop)]


@pytest.mark.parametrize("length", _LONG)
async def test_lists_of_numbers(db: Any, length: int) -> None:
    """Filters in and not_in of any length find, change and delete what they name, no more."""
    await db.scalars.create_many(data=[{"int": n} for n in range(length - 5, length + 5)])
    numbers = list(range(length))
    found = await db.scalars.find_many(where={"int": {"in": numbers}}, order={"int": "asc"})
    assert [row.int for row in found] == list(range(length - 5, length))
    found = await db.scalars.find_many(where={"int": {"not_in": numbers}}, order={"int": "desc"})
    assert [row.int for row in found] == list(range(length + 4, length - 1, -1))
    assert await db.scalars.count(where={"NOT": [{"int": {"in": numbers}}]}) == 5
    found = await db.scalars.find_many(where={"int": {"in": numbers}}, take=2, skip=1,
                                       order={"int": "desc"})  # fmt: skip
    assert [row.int for row in found] == [length - 2, length - 3]
    changed = {"string": "changed"}
    assert await db.scalars.update_many(where={"int": {"not_in": numbers}}, data=changed) == 5
    assert await db.scalars.update_many(where={"int": {"in": numbers}}, data=changed) == 5
    assert await db.scalars.delete_many(where={"int": {"not_in": numbers}}) == 5
    assert await db.scalars.count() == 5
    assert await db.scalars.delete_many(where={"int": {"in": numbers}}) == 5


@pytest.mark.parametrize(
    ("field", "inside", "outside", "rest"),
    [
        ("string", "a", "b", [f"text {n}" for n in range(70_000)]),
        ("role", "USER", "GUEST", ["ADMIN"] * 70_000),
        ("dec", Decimal("1.5"), Decimal(-2), [Decimal(n) for n in range(70_000)]),
        ("big", 2**60, -1, list(range(70_000))),
    ],
    ids=["texts", "enums", "decimals", "big integers"],
)
async def test_lists_of_each_type(
    db: Any, field: str, inside: Any, outside: Any, rest: list[Any]
) -> None:
    """Whatever the type, a long list is one list."""
    await db.scalars.create_many(data=[{field: inside}, {field: outside}])
    values = [*rest, inside]
    for where, wanted in (({"in": values}, inside), ({"not_in": values}, outside)):
        found = await db.scalars.find_many(where={field: where})
        assert [getattr(row, field) for row in found] == [wanted]
    assert await db.scalars.update_many(where={field: {"not_in": values}}, data={"int": 1}) == 1
    assert await db.scalars.delete_many(where={field: {"not_in": values}}) == 1
    assert await db.scalars.delete_many(where={field: {"in": values}}) == 1


async def test_lists_that_ignore_case(db: Any) -> None:
    """The letters' case is ignored in long lists too."""
    await db.scalars.create_many(data=[{"string": "Inside"}, {"string": "Outside"}])
    values = [*(f"text {n}" for n in range(70_000)), "INSIDE"]
    for name, wanted in (("in", "Inside"), ("not_in", "Outside")):
        where = {"string": {name: values, "mode": "insensitive"}}
        assert [row.string for row in await db.scalars.find_many(where=where)] == [wanted]
        assert await db.scalars.delete_many(where=where) == 1


async def test_lists_of_uuids(db: Any) -> None:
    """UUIDs are compared as such."""
    await db.uuidowner.create_many(data=[{"id": key, "name": "n"} for key in _uuids(0, 3)])
    keys = _uuids(1, 70_000)
    found = await db.uuidowner.find_many(where={"id": {"in": keys}}, order={"id": "asc"})
    assert [row.id for row in found] == _uuids(1, 3)
    assert await db.uuidowner.delete_many(where={"id": {"not_in": keys}}) == 1


async def test_many_related_records(db: Any) -> None:
    """More parents than a statement takes parameters are read with their children."""
    count = 40_000
    await db.team.create_many(data=[{"name": f"{n:05}"} for n in range(count)])
    teams = await db.team.find_many(include={"users": True}, order={"name": "asc"})
    assert len(teams) == count
    keys = [team.id for team in teams]
    assert await db.team.delete_many(where={"id": {"in": keys[1:]}}) == count - 1
    assert [team.id for team in await db.team.find_many()] == keys[:1]


async def test_fifty_thousand_rows(db: Any) -> None:
    """create_many of any number is one transaction, and says how many there were."""
    rows = [{"email": f"{n}@example.com", "age": n} for n in range(_ROWS)]
    assert await db.user.create_many(data=rows) == _ROWS
    assert await db.user.count(where={"age": {"gte": _ROWS // 2}}) == _ROWS // 2
    again = [*rows[: _ROWS // 2], {"email": "new", "age": 1}]
    assert await db.user.create_many(data=again, skip_duplicates=True) == 1
    assert await db.user.count() == _ROWS + 1


async def test_a_long_batch(db: Any, prisma: Any) -> None:
    """A batch of thousands is all or nothing."""
    batch = db.batch_()
    for n in range(2_000):
        batch.team.create(data={"name": f"{n}"})
    await batch.commit()
    assert await db.team.count() == 2_000
    batch = db.batch_()
    for n in range(2_000, 3_000):
        batch.team.create(data={"name": f"{n}"})
    batch.team.create(data={"name": "7"})
    with pytest.raises(prisma.errors.UniqueViolationError):
        await batch.commit()
    assert await db.team.count() == 2_000
