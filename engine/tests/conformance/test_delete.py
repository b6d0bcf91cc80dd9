"""delete: one record by a key."""

from typing import Any

import pytest

from conformance.people import team_of_four


async def test_returns_the_deleted(db: Any) -> None:
    """The record comes back as it was."""
    made = await db.user.create(data={"email": "x"})
    assert await db.user.delete(where={"email": "x"}) == made
    assert await db.user.count() == 0


async def test_nothing_there(db: Any) -> None:
    """No record, no fault: None."""
    assert await db.user.delete(where={"id": 1}) is None


async def test_include(db: Any) -> None:
    """Relations come back as they were before."""
    people = await team_of_four(db)
    post = await db.post.delete(
        where={"id": people["engines"].id},
        include={"comments": {"order_by": {"id": "asc"}}, "categories": True, "author": True},
    )
    assert [comment.text for comment in post.comments] == ["first!", "nice"]
    assert len(post.categories) == 2
    assert post.author.name == "Ada"
    assert await db.comment.count() == 0
    assert await db.category.count() == 2


async def test_compound_key(db: Any) -> None:
    """Compound keys find as well."""
    await db.seat.create(data={"row": 1, "letter": "A", "hall": "h", "code": "c"})
    gone = await db.seat.delete(where={"hall_code": {"hall": "h", "code": "c"}})
    assert gone.letter == "A"
    assert await db.seat.count() == 0


async def test_further_filters(db: Any) -> None:
    """A record that the filters exclude stays."""
    made = await db.user.create(data={"email": "x", "age": 1})
    assert await db.user.delete(where={"id": made.id, "age": 2}) is None
    assert await db.user.count() == 1


async def test_cascade_and_set_null(db: Any) -> None:
    """What the schema says of the others happens."""
    parent = await db.parent.create(
        data={"cascades": {"create": [{}, {}]}, "nulls": {"create": {}}}
    )
    await db.parent.delete(where={"id": parent.id})
    assert await db.cascading.count() == 0
    assert (await db.nulled.find_first()).parentId is None


async def test_restrict(db: Any, prisma: Any) -> None:
    """A record that others need stays."""
    parent = await db.parent.create(data={"restricts": {"create": {}}})
    with pytest.raises(prisma.errors.ForeignKeyViolationError):
        await db.parent.delete(where={"id": parent.id})
    assert await db.parent.count() == 1


async def test_links_of_many_to_many_go(db: Any) -> None:
    """The links of a deleted record go, what it was linked to stays."""
    people = await team_of_four(db)
    await db.category.delete(where={"name": "tech"})
    post = await db.post.find_unique(
        where={"id": people["engines"].id}, include={"categories": True}
    )
    assert [row.name for row in post.categories] == ["history"]
