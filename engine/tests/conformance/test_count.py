"""count: how many records, or values, there are."""

from typing import Any

import pytest

from conformance.people import team_of_four


async def test_all(db: Any) -> None:
    """All records, or those that match."""
    assert await db.user.count() == 0
    await team_of_four(db)
    assert await db.user.count() == 4
    assert await db.user.count(where={"active": True}) == 3
    assert await db.user.count(where={"posts": {"some": {"title": "Engines"}}}) == 2
    assert await db.user.count(where={"posts": {"none": {}}}) == 2


async def test_take_and_skip(db: Any) -> None:
    """Only a part of them may be counted."""
    await team_of_four(db)
    assert await db.user.count(take=3) == 3
    assert await db.user.count(take=-3) == 3
    assert await db.user.count(skip=1) == 3
    assert await db.user.count(take=5, skip=2) == 2
    assert await db.user.count(take=0) == 0
    assert await db.user.count(skip=9) == 0


async def test_cursor(db: Any) -> None:
    """Counting starts at the cursor."""
    people = await team_of_four(db)
    assert await db.user.count(cursor={"id": people["bob"].id}) == 3
    assert await db.user.count(cursor={"id": people["bob"].id}, skip=1) == 2
    assert await db.user.count(cursor={"id": people["bob"].id}, take=2) == 2


async def test_select(db: Any) -> None:
    """Values of fields are counted where there are any."""
    await team_of_four(db)
    counted = await db.user.count(select={"_all": True, "name": True, "age": True, "teamId": True})
    assert counted == {"_all": 4, "name": 3, "age": 3, "teamId": 2}
    assert await db.user.count(select={"name": True}, where={"active": False}) == {"name": 0}
    assert await db.user.count(select={"name": True}, take=2) == {"name": 2}


async def test_empty_select(db: Any) -> None:
    """An empty selection counts records."""
    await team_of_four(db)
    assert await db.user.count(select={}) == {"_all": 4}


async def test_select_of_lists_and_mapped_fields(db: Any) -> None:
    """A list that was never given is none; names that differ in the database are the client's."""
    await team_of_four(db)
    assert await db.user.count(select={"tags": True}) == {"tags": 2}
    await db.mapped.create(data={"givenName": "g", "uniqueCode": "u"})
    counted = await db.mapped.count(select={"givenName": True, "select": True})
    assert counted == {"givenName": 1, "select": 1}


async def test_unknown_field(db: Any, prisma: Any) -> None:
    """A name that the model does not have is told."""
    with pytest.raises(prisma.errors.FieldNotFoundError):
        await db.user.count(where={"nonsense": 1})
    with pytest.raises(prisma.errors.FieldNotFoundError):
        await db.user.count(select={"nonsense": True})
