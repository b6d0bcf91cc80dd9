"""delete_many: all records that match."""

from typing import Any

import pytest

from conformance.people import team_of_four


async def test_counts(db: Any) -> None:
    """The number of deleted records is told, and only they go."""
    await db.user.create_many(data=[{"email": str(n), "age": n} for n in range(5)])
    assert await db.user.delete_many(where={"age": {"lt": 2}}) == 2
    assert await db.user.count() == 3


async def test_all_and_none(db: Any) -> None:
    """Without a filter all go; none is no fault."""
    await db.user.create_many(data=[{"email": str(n)} for n in range(5)])
    assert await db.user.delete_many(where={"email": "nobody"}) == 0
    assert await db.user.delete_many() == 5
    assert await db.user.delete_many(where={}) == 0


async def test_relation_filter(db: Any) -> None:
    """Records may be found over their relations."""
    await team_of_four(db)
    assert await db.post.delete_many(where={"author": {"is": {"name": "Ada"}}}) == 2
    assert await db.post.delete_many(where={"comments": {"none": {}}}) == 1


async def test_restrict(db: Any, prisma: Any) -> None:
    """When one of them has to stay, all stay."""
    await db.parent.create_many(data=[{}, {}])
    await db.restricted.create(data={"parentId": 2})
    with pytest.raises(prisma.errors.ForeignKeyViolationError):
        await db.parent.delete_many()
    assert await db.parent.count() == 2
