"""update_many: all records that match."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance.people import team_of_four


async def test_counts(db: Any) -> None:
    """The number of changed records is told, and only they change."""
    await team_of_four(db)
    assert await db.user.update_many(where={"age": 24}, data={"name": "young"}) == 2
    assert await db.user.count(where={"name": "young"}) == 2


async def test_all_and_none(db: Any) -> None:
    """An empty filter matches all; no match is no fault."""
    await team_of_four(db)
    assert await db.user.update_many(where={}, data={"active": False}) == 4
    assert await db.user.update_many(where={"email": "nobody"}, data={"active": True}) == 0


async def test_relation_filter(db: Any) -> None:
    """Records may be found over their relations."""
    await team_of_four(db)
    where = {"posts": {"some": {"views": {"gt": 10}}}}
    assert await db.user.update_many(where=where, data={"points": {"increment": 1}}) == 1
    assert (await db.user.find_first(where={"name": "Ada"})).points == 10.5


async def test_arithmetic(db: Any) -> None:
    """Every record counts from its own value."""
    await db.user.create_many(data=[{"email": str(n), "age": n} for n in range(3)])
    await db.user.update_many(where={}, data={"age": {"multiply": 2}, "points": {"decrement": 1}})
    users = await db.user.find_many(order={"email": "asc"})
    assert [(user.age, user.points) for user in users] == [(0, -1), (2, -1), (4, -1)]


async def test_updated_at(db: Any) -> None:
    """@updatedAt moves with each of them."""
    await db.user.create(data={"email": "x", "updatedAt": datetime(2001, 1, 1, tzinfo=UTC)})
    await db.user.update_many(where={}, data={"age": 1})
    changed = await db.user.find_first()
    assert abs(changed.updatedAt - datetime.now(UTC)) < timedelta(seconds=30)


async def test_changes_what_it_filters_by(db: Any) -> None:
    """The filter is applied once, to what was there before."""
    await db.user.create_many(data=[{"email": str(n), "age": n} for n in range(4)])
    total = await db.user.update_many(where={"age": {"lt": 3}}, data={"age": {"increment": 1}})
    assert total == 3
    ages = [user.age for user in await db.user.find_many(order={"email": "asc"})]
    assert ages == [1, 2, 3, 3]


async def test_unique_violation(db: Any, prisma: Any) -> None:
    """No two records get the same unique value."""
    await db.user.create_many(data=[{"email": "a"}, {"email": "b"}])
    with pytest.raises(prisma.errors.UniqueViolationError):
        await db.user.update_many(where={}, data={"email": "c"})


async def test_no_data(db: Any) -> None:
    """Without data nothing but @updatedAt changes."""
    await db.team.create(data={"name": "x"})
    assert await db.team.update_many(where={}, data={}) in (0, 1)
    assert (await db.team.find_first()).name == "x"


async def test_relations_are_no_data(db: Any, prisma: Any) -> None:
    """Only scalar fields can be changed."""
    with pytest.raises(prisma.errors.FieldNotFoundError):
        await db.user.update_many(where={}, data={"posts": {"create": {"title": "t"}}})
