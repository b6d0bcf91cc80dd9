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


async def test_reads(db: Any) -> None:
    """Reads see the writes before them, and their results are there after the block."""
    async with db.batch_() as batch:
        none = batch.user.find_unique(where={"email": "a"})
        batch.user.create(data={"email": "a", "posts": {"create": [{"title": "x"}]}})
        batch.user.create_many(data=[{"email": "b"}, {"email": "c"}])
        user = batch.user.find_unique(where={"email": "a"}, include={"posts": True})
        certain = batch.user.find_unique_or_raise(where={"email": "b"})
        first = batch.user.find_first(where={"email": {"not": "a"}}, order={"email": "desc"})
        many = batch.user.find_many(order={"email": "asc"}, skip=1, take=5)
        number = batch.user.count(where={"email": {"in": ["a", "c"]}})
        page = batch.user.count(take=1)

    assert none.result() is None
    assert [post.title for post in user.result().posts] == ["x"]
    assert certain.result().email == "b"
    assert first.result().email == "c"
    assert [one.email for one in many.result()] == ["b", "c"]
    assert (number.result(), page.result()) == (2, 1)
    assert many.result() == await db.user.find_many(order={"email": "asc"}, skip=1)


async def test_results_of_a_failed_batch(db: Any, prisma: Any) -> None:
    """Before the commit, and after a failure, there is no result; a read may fail the batch."""
    batch = db.batch_()
    batch.user.create(data={"email": "a"})
    found = batch.user.find_many()
    missing = batch.user.find_unique_or_raise(where={"email": "nobody"})
    with pytest.raises(RuntimeError, match="has not been committed"):
        found.result()
    with pytest.raises(prisma.errors.RecordNotFoundError):
        await batch.commit()
    for result in (found, missing):
        with pytest.raises(RuntimeError, match="or it failed"):
            result.result()
    assert await db.user.count() == 0


async def test_reads_in_a_transaction(db: Any) -> None:
    """A transaction's batch reads what the transaction wrote; a batch may be used again."""
    async with db.tx() as tx:
        await tx.user.create(data={"email": "a"})
        batch = tx.batch_()
        one = batch.user.count()
        await batch.commit()
        batch.user.create(data={"email": "b"})
        two = batch.user.count()
        await batch.commit()
    assert (one.result(), two.result()) == (1, 2)
