"""find_first and find_first_or_raise: the first of those that match."""

from typing import Any

import pytest

from conformance.people import team_of_four


async def test_first_of_an_order(db: Any) -> None:
    """The order decides who is first."""
    await team_of_four(db)
    assert (await db.user.find_first(order={"email": "desc"})).email == "dot@example.com"
    assert (await db.user.find_first(order=[{"age": "asc"}, {"id": "desc"}])).name is None


async def test_skip(db: Any) -> None:
    """Some may be passed over."""
    await team_of_four(db)
    assert (await db.user.find_first(skip=1, order={"id": "asc"})).name == "Bob"
    assert await db.user.find_first(skip=4, order={"id": "asc"}) is None


async def test_where(db: Any) -> None:
    """Filters narrow the search, over relations too."""
    await team_of_four(db)
    found = await db.user.find_first(where={"boss": {"is": {"name": "Ada"}}, "active": False})
    assert found.email == "cid@example.com"


async def test_cursor(db: Any) -> None:
    """The search starts at the cursor."""
    people = await team_of_four(db)
    found = await db.user.find_first(cursor={"id": people["bob"].id}, skip=1, order={"id": "asc"})
    assert found.id == people["cid"].id
    assert await db.user.find_first(cursor={"id": 999}) is None


async def test_distinct(db: Any) -> None:
    """Equal values count once."""
    await team_of_four(db)
    found = await db.user.find_first(skip=1, distinct=["age"], order={"id": "desc"})
    assert found.email == "cid@example.com"


async def test_include(db: Any) -> None:
    """Relations come along."""
    await team_of_four(db)
    found = await db.post.find_first(where={"views": 1}, include={"author": True})
    assert found.author.name == "Bob"


async def test_nothing_there(db: Any, prisma: Any) -> None:
    """None, or an error where a record is asked for."""
    assert await db.user.find_first() is None
    with pytest.raises(prisma.errors.RecordNotFoundError) as caught:
        await db.user.find_first_or_raise(where={"email": "x"})
    assert caught.value.code == "P2025"


async def test_or_raise_returns_the_record(db: Any) -> None:
    """The record that is there comes back."""
    made = await db.user.create(data={"email": "x"})
    assert await db.user.find_first_or_raise(where={"email": "x"}) == made
