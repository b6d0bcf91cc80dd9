"""batch_: several writes as one transaction."""

# ruff: noqa: PT012 - what raises is the end of a block

from typing import Any

import pytest


async def test_all_actions(db: Any) -> None:
    """Every write may stand in a batch, and they run in order."""
    async with db.batch_() as batch:
        batch.user.create(data={"email": "a", "age": 1})
        batch.user.create_many(data=[{"email": "b"}, {"email": "c"}])
        batch.user.create_many(data=[{"email": "a"}], skip_duplicates=True)
        batch.user.update(where={"email": "a"}, data={"age": {"increment": 1}})
        batch.user.upsert(where={"email": "d"}, data={"create": {"email": "d"}, "update": {}})
        batch.user.update_many(where={"email": {"in": ["b", "c"]}}, data={"age": 9})
        batch.user.delete(where={"email": "c"})
        batch.user.delete_many(where={"email": "d"})
        batch.team.create(data={"name": "t"}, include={"users": True})
        batch.execute_raw('UPDATE "User" SET "team_id" = $1 WHERE email = $2', 1, "b")
    users = await db.user.find_many(order={"email": "asc"})
    assert [(user.email, user.age, user.teamId) for user in users] == [("a", 2, None), ("b", 9, 1)]


async def test_all_or_nothing(db: Any, prisma: Any) -> None:
    """A failure takes everything back."""
    with pytest.raises(prisma.errors.UniqueViolationError) as caught:
        async with db.batch_() as batch:
            batch.user.create(data={"email": "a"})
            batch.user.create(data={"email": "a"})
    assert caught.value.meta["target"] == ["email"]
    assert await db.user.count() == 0


async def test_missing_record(db: Any, prisma: Any) -> None:
    """A record that is not there fails the batch."""
    with pytest.raises(prisma.errors.RecordNotFoundError):
        async with db.batch_() as batch:
            batch.user.create(data={"email": "a"})
            batch.user.update(where={"email": "nobody"}, data={"age": 1})
    assert await db.user.count() == 0


async def test_invalid_query(db: Any, prisma: Any) -> None:
    """A query that cannot be understood fails the batch, too."""
    with pytest.raises(prisma.errors.FieldNotFoundError):
        async with db.batch_() as batch:
            batch.user.create(data={"email": "a"})
            batch.user.create(data={"email": "b", "nonsense": "a"})
    assert await db.user.count() == 0


async def test_raw_error(db: Any, prisma: Any) -> None:
    """The database's words are in the error of a raw statement."""
    with pytest.raises(prisma.errors.RawQueryError) as caught:
        async with db.batch_() as batch:
            batch.user.create(data={"email": "a"})
            batch.execute_raw("SELECT 1 / 0")
    assert caught.value.meta["code"] == "22012"
    assert await db.user.count() == 0


async def test_commit(db: Any) -> None:
    """Without a block, commit() runs what was gathered, once."""
    batch = db.batch_()
    batch.user.create(data={"email": "a"})
    assert await db.user.count() == 0
    await batch.commit()
    await batch.commit()
    assert await db.user.count() == 1


async def test_error_in_the_block(db: Any) -> None:
    """When the block fails, nothing is sent."""
    with pytest.raises(ZeroDivisionError):
        async with db.batch_() as batch:
            batch.user.create(data={"email": "a"})
            raise ZeroDivisionError
    assert await db.user.count() == 0


async def test_empty(db: Any) -> None:
    """A batch of nothing is no fault."""
    async with db.batch_():
        pass


async def test_within_a_transaction(db: Any) -> None:
    """A batch of a transaction's client belongs to that transaction."""
    with pytest.raises(ZeroDivisionError):
        async with db.tx() as tx:
            async with tx.batch_() as batch:
                batch.user.create(data={"email": "a"})
                batch.user.create(data={"email": "b"})
            assert await tx.user.count() == 2
            raise ZeroDivisionError
    assert await db.user.count() == 0


async def test_a_later_one_sees_an_earlier_one(db: Any) -> None:
    """Writes build on each other."""
    async with db.batch_() as batch:
        batch.user.create(data={"id": 5, "email": "a"})
        batch.post.create(data={"title": "t", "author": {"connect": {"id": 5}}})
        batch.profile.create(data={"bio": "b", "userId": 5})
    user = await db.user.find_first(include={"posts": True, "profile": True})
    assert (len(user.posts), user.profile.bio) == (1, "b")
