"""tx: interactive transactions."""

# ruff: noqa: PT012 - what raises is a block

import asyncio
from datetime import timedelta
from typing import Any

import pytest


def _ms(number: int) -> timedelta:
    return timedelta(milliseconds=number)


async def test_commit(db: Any) -> None:
    """What happened within is there afterwards, and only then for others."""
    async with db.tx() as tx:
        await tx.user.create(data={"email": "a"})
        assert await tx.user.count() == 1
        assert await db.user.count() == 0
    assert await db.user.count() == 1


async def test_rollback_on_error(db: Any) -> None:
    """An exception takes everything back, and goes on."""
    with pytest.raises(ZeroDivisionError):
        async with db.tx() as tx:
            await tx.user.create(data={"email": "a", "posts": {"create": {"title": "t"}}})
            raise ZeroDivisionError
    assert await db.user.count() == await db.post.count() == 0


async def test_failed_query(db: Any, prisma: Any) -> None:
    """After the database refused a statement the transaction cannot go on."""
    with pytest.raises(prisma.errors.UniqueViolationError):
        async with db.tx() as tx:
            await tx.user.create(data={"email": "a"})
            await tx.user.create(data={"email": "a"})
    assert await db.user.count() == 0
    with pytest.raises(prisma.errors.PrismaError):
        async with db.tx() as tx:
            with pytest.raises(prisma.errors.RawQueryError):
                await tx.query_raw("SELECT 1 / 0")
            await tx.user.create(data={"email": "a"})
    assert await db.user.count() == 0


async def test_failure_that_the_database_did_not_see(db: Any) -> None:
    """A record that is not there leaves the transaction as it was."""
    async with db.tx() as tx:
        assert await tx.user.update(where={"id": 1}, data={"age": 1}) is None
        assert await tx.user.delete(where={"id": 1}) is None
        await tx.user.create(data={"email": "a"})
    assert await db.user.count() == 1


async def test_timeout(db: Any, prisma: Any) -> None:
    """A transaction that takes too long is rolled back; its client is told at the next query."""
    with pytest.raises(prisma.errors.TransactionExpiredError) as caught:
        async with db.tx(timeout=_ms(100)) as tx:
            await tx.user.create(data={"email": "a"})
            await asyncio.sleep(0.3)
            await tx.user.count()
    assert str(caught.value).startswith("Transaction already closed")
    assert await db.user.count() == 0


async def test_timeout_before_commit(db: Any, prisma: Any) -> None:
    """A commit that comes too late is told, too."""
    with pytest.raises(prisma.errors.TransactionExpiredError):
        async with db.tx(timeout=_ms(100)) as tx:
            await tx.user.create(data={"email": "a"})
            await asyncio.sleep(0.3)
    assert await db.user.count() == 0


async def test_timeout_frees_its_locks(db: Any) -> None:
    """Others need not wait for a transaction that ran out."""
    user = await db.user.create(data={"email": "a"})
    manager = db.tx(timeout=_ms(1000))
    tx = await manager.start()
    await tx.user.update(where={"id": user.id}, data={"age": 1})
    await db.user.update(where={"id": user.id}, data={"age": 2})  # waits for the lock
    assert (await db.user.find_first()).age == 2


async def test_timeout_during_a_query(db: Any, prisma: Any) -> None:
    """A statement that runs when the time is over does not hold the transaction open."""
    with pytest.raises(prisma.errors.TransactionExpiredError):
        async with db.tx(timeout=_ms(200)) as tx:
            await tx.user.create(data={"email": "a"})
            await tx.query_raw("SELECT pg_sleep(600)::text")
    assert await db.user.count() == 0


async def test_use_after_the_end(db: Any, prisma: Any) -> None:
    """A client of a transaction that is over is of no more use."""
    async with db.tx() as tx:
        pass
    with pytest.raises(prisma.errors.TransactionExpiredError) as caught:
        await tx.user.count()
    assert str(caught.value).startswith("Transaction already closed")
    with pytest.raises(prisma.errors.PrismaError):
        async with tx.batch_() as batch:
            batch.user.create(data={"email": "a"})


async def test_start_commit_and_rollback(db: Any, prisma: Any) -> None:
    """Without a block the three are called by hand."""
    manager = db.tx()
    tx = await manager.start()
    await tx.user.create(data={"email": "a"})
    await manager.commit()
    assert await db.user.count() == 1
    manager = db.tx()
    tx = await manager.start()
    await tx.user.delete_many()
    await manager.rollback()
    assert await db.user.count() == 1
    with pytest.raises(prisma.errors.TransactionExpiredError):
        await manager.commit()
    with pytest.raises(prisma.errors.TransactionNotStartedError):
        await db.tx().commit()


async def test_numbers_of_milliseconds(db: Any) -> None:
    """Numbers instead of timedeltas still work, with a warning."""
    with pytest.warns(DeprecationWarning, match="Passing an int"):
        async with db.tx(timeout=5000, max_wait=2000) as tx:
            await tx.user.create(data={"email": "a"})
    assert await db.user.count() == 1


async def test_nested_use_warns(db: Any) -> None:
    """The client warns of a transaction out of a transaction's client, as ever."""
    async with db.tx() as tx:
        with pytest.warns(UserWarning, match="already in a transaction"):
            async with tx.tx() as inner:
                assert inner.is_transaction()
        assert tx.is_transaction()
    assert not db.is_transaction()


async def test_raw_stays_on_the_connection(db: Any) -> None:
    """Raw statements share the transaction's connection, and its settings end with it."""
    async with db.tx() as tx:
        pids = {(await tx.query_first("SELECT pg_backend_pid() AS n"))["n"] for _ in range(5)}
        assert len(pids) == 1
        await tx.execute_raw("SET LOCAL app.tenant = 'seven'")
        rows = await tx.query_raw("SELECT current_setting('app.tenant', true) AS v")
        assert rows == [{"v": "seven"}]
        await tx.execute_raw("SELECT pg_advisory_xact_lock(77)")
        rows = await db.query_raw("SELECT pg_try_advisory_xact_lock(77) AS v")
        assert rows == [{"v": False}]
    rows = await db.query_raw("SELECT current_setting('app.tenant', true) AS v")
    assert rows[0]["v"] in (None, "")
    assert await db.query_raw("SELECT pg_try_advisory_xact_lock(77) AS v") == [{"v": True}]


async def test_skip_locked(db: Any) -> None:
    """FOR UPDATE SKIP LOCKED gives every worker another row."""
    await db.team.create_many(data=[{"name": str(n)} for n in range(4)])
    query = 'SELECT id FROM "Team" ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED'
    async with db.tx() as first, db.tx() as second:
        one = await first.query_raw(query)
        two = await second.query_raw(query)
    assert (one, two) == ([{"id": 1}], [{"id": 2}])


async def test_isolation(db: Any) -> None:
    """An isolation level may be set by the first statement."""
    await db.user.create(data={"email": "a"})
    async with db.tx() as tx:
        await tx.execute_raw("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        assert await tx.user.count() == 1
        await db.user.create(data={"email": "b"})
        assert await tx.user.count() == 1
    assert await db.user.count() == 2


async def test_serialization_failure(db: Any, prisma: Any) -> None:
    """What PostgreSQL cannot serialize is an error that can be told and tried again."""
    await db.user.create(data={"email": "a", "age": 1})
    with pytest.raises(prisma.errors.PrismaError) as caught:
        async with db.tx() as tx:
            await tx.execute_raw("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            await tx.user.find_first()
            await db.user.update_many(where={}, data={"age": 5})
            await tx.user.update_many(where={}, data={"age": {"increment": 1}})
    assert getattr(caught.value, "code", None) == "P2034" or "40001" in str(caught.value)
    assert (await db.user.find_first()).age == 5


async def test_concurrent_queries_of_one_transaction(db: Any) -> None:
    """Queries of one transaction at the same time wait for each other."""
    async with db.tx() as tx:
        await asyncio.gather(*[tx.user.create(data={"email": str(n)}) for n in range(20)])
        assert await tx.user.count() == 20
    assert await db.user.count() == 20


async def test_many_at_once(db: Any) -> None:
    """More transactions than connections take their turns."""

    async def one(number: int) -> None:
        async with db.tx(max_wait=_ms(20_000), timeout=_ms(20_000)) as tx:
            await tx.user.create(data={"email": str(number)})
            await asyncio.sleep(0.005)
            await tx.user.update(where={"email": str(number)}, data={"age": number})

    await asyncio.gather(*[one(number) for number in range(40)])
    assert await db.user.count(where={"age": {"gte": 0}}) == 40


async def test_max_wait(prisma: Any, url: str) -> None:
    """A transaction that gets no connection in time is refused."""
    client = prisma.Prisma(datasource={"url": f"{url}?connection_limit=1"})
    async with client:
        async with client.tx():
            with pytest.raises(prisma.errors.TransactionError) as caught:
                async with client.tx(max_wait=_ms(200)):
                    pass
            assert "Unable to start a transaction in the given time" in str(caught.value)
        assert await client.team.count() >= 0


async def test_cancellation(db: Any) -> None:
    """A task that is cancelled within a transaction leaves nothing behind."""

    async def work(ready: asyncio.Event) -> None:
        async with db.tx() as tx:
            await tx.user.create(data={"email": "a"})
            ready.set()
            await tx.query_raw("SELECT pg_sleep(600)::text")

    ready = asyncio.Event()
    task = asyncio.create_task(work(ready))
    await ready.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await db.user.count() == 0
    await db.user.create(data={"email": "a"})


async def test_models(db: Any, prisma: Any) -> None:
    """Model-based access takes a transaction's client."""
    with pytest.raises(ZeroDivisionError):
        async with db.tx() as tx:
            await prisma.models.User.prisma(tx).create(data={"email": "a"})
            assert await prisma.models.User.prisma(tx).count() == 1
            raise ZeroDivisionError
    assert await db.user.count() == 0
