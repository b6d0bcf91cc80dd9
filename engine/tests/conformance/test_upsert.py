"""upsert: change a record, or create it."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from conformance.people import team_of_four


async def test_creates(db: Any) -> None:
    """A record that is not there is created."""
    user = await db.user.upsert(
        where={"email": "x"}, data={"create": {"email": "x", "age": 1}, "update": {"age": 2}}
    )
    assert user.age == 1
    assert await db.user.count() == 1


async def test_updates(db: Any) -> None:
    """A record that is there is changed."""
    made = await db.user.create(data={"email": "x", "name": "kept"})
    user = await db.user.upsert(
        where={"email": "x"},
        data={"create": {"email": "x"}, "update": {"age": {"increment": 2}, "role": "GUEST"}},
    )
    assert (user.id, user.name, user.age, user.role) == (made.id, "kept", None, "GUEST")
    assert await db.user.count() == 1


async def test_key_that_differs_from_the_created(db: Any) -> None:
    """The created record need not be the one that was looked for."""
    user = await db.user.upsert(
        where={"id": 500}, data={"create": {"email": "x"}, "update": {"age": 2}}
    )
    assert (user.id, user.age) == (1, None)


async def test_no_update(db: Any) -> None:
    """An empty update gives the record back as it is."""
    made = await db.team.create(data={"name": "x"})
    data = {"create": {"name": "x"}, "update": {}}
    assert await db.team.upsert(where={"name": "x"}, data=data) == made


async def test_nested_writes_and_include(db: Any) -> None:
    """Both sides may write to relations."""
    data = {
        "create": {"email": "x", "posts": {"create": {"title": "first"}}},
        "update": {"posts": {"create": {"title": "second"}}},
    }
    where = {"email": "x"}
    user = await db.user.upsert(where=where, data=data, include={"posts": True})
    assert [post.title for post in user.posts] == ["first"]
    include = {"posts": {"order_by": {"title": "asc"}}}
    user = await db.user.upsert(where=where, data=data, include=include)
    assert [post.title for post in user.posts] == ["first", "second"]


async def test_compound_key(db: Any) -> None:
    """Compound keys find as well."""
    day = datetime(2024, 1, 1, tzinfo=UTC)
    key = {"place": {"day": day, "room": "r"}}
    data = {"create": {"day": day, "room": "r", "slot": 1}, "update": {"slot": {"increment": 1}}}
    slots = [(await db.booking.upsert(where=key, data=data)).slot for _ in range(3)]
    assert slots == [1, 2, 3]


async def test_mapped_names(db: Any) -> None:
    """Names that differ in the database."""
    data = {
        "create": {"uniqueCode": "u", "givenName": "g"},
        "update": {"givenName": "changed"},
    }
    names = [(await db.mapped.upsert(where={"uniqueCode": "u"}, data=data)).givenName for _ in "ab"]
    assert names == ["g", "changed"]


async def test_same_values_as_in_other_columns(db: Any) -> None:
    """A value that happens to stand in the key too does not confuse the two."""
    for number in (7, 7, 8):
        await db.ticket.upsert(
            where={"id": number},
            data={"create": {"id": number, "price": number}, "update": {"price": {"increment": 7}}},
        )
    rows = await db.ticket.find_many(order={"id": "asc"})
    assert [(row.id, row.price) for row in rows] == [(7, 14), (8, 8)]


async def test_unique_violation(db: Any, prisma: Any) -> None:
    """Another record's value is refused, whether created or changed."""
    await db.profile.create(data={"bio": "b", "site": "s", "user": {"create": {"email": "a"}}})
    other = await db.profile.create(data={"bio": "b", "user": {"create": {"email": "b"}}})
    data = {
        "create": {"bio": "c", "site": "s", "userId": other.userId},
        "update": {"site": "s"},
    }
    for key in (other.id, 99):
        with pytest.raises(prisma.errors.UniqueViolationError):
            await db.profile.upsert(where={"id": key}, data=data)


async def test_concurrently(db: Any) -> None:
    """Upserts of one key at the same time make one record, and none fails."""
    data = {"create": {"name": "core"}, "update": {"name": "core"}}
    teams = await asyncio.gather(
        *[db.team.upsert(where={"name": "core"}, data=data) for _ in range(10)]
    )
    assert len({team.id for team in teams}) == 1
    assert await db.team.count() == 1


async def test_missing_required_value(db: Any, prisma: Any) -> None:
    """The created record needs its required fields even where there is one to change."""
    await team_of_four(db)
    with pytest.raises(prisma.errors.MissingRequiredValueError):
        await db.user.upsert(
            where={"email": "ada@example.com"}, data={"create": {"name": "x"}, "update": {}}
        )
