"""A transaction that ends takes back all it did, at whatever moment."""

# ruff: noqa: PT012 - what raises is a block

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from .acting import Connect, Observer, all_at_rest, gauges, until
from .proxy import Proxy

# Longer than a test may take, so a statement that is not cancelled fails it.
_LONG = "SELECT pg_sleep(600)::text"


def _seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


async def test_its_limit_ends_the_statement(
    connect: Connect, observer: Observer, prisma: Any
) -> None:
    """A statement that runs when the time is over ends on the server too; the connection stays."""
    db = await connect(connection_limit=1)
    (before,) = await db.query_raw("SELECT pg_backend_pid() AS pid")
    with pytest.raises(prisma.errors.TransactionExpiredError, match="The timeout for this"):
        async with db.tx(timeout=_seconds(0.4)) as tx:
            await tx.account.create(data={"owner": "ann"})
            await tx.query_raw(_LONG)

    await all_at_rest(db)
    await observer.nothing_is_left()
    assert await db.query_raw("SELECT pg_backend_pid() AS pid") == [before]
    assert await db.account.count() == 0


async def test_its_limit_while_others_wait(connect: Connect, prisma: Any) -> None:
    """Queries that wait for their turn in a transaction are told when it runs out."""
    db = await connect(connection_limit=1)
    tx = await db.tx(timeout=_seconds(0.4)).start()
    queries = [tx.query_raw(_LONG), *[tx.account.create(data={"owner": name}) for name in "abc"]]
    found = await asyncio.gather(*queries, return_exceptions=True)

    assert all(isinstance(error, prisma.errors.TransactionExpiredError) for error in found), found
    await all_at_rest(db)
    assert await db.account.count() == 0


async def test_its_limit_during_a_commit(connect: Connect, observer: Observer) -> None:
    """A commit that was begun in time is not broken off: it is done, or it has failed."""
    db = await connect(connection_limit=1)
    await observer.sql.execute(
        """
        CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON "Account" DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION slowly();
        """
    )
    try:
        async with db.tx(timeout=_seconds(0.7)) as tx:
            await tx.account.create(data={"owner": "ann"})
        assert await db.account.count() == 1
    finally:
        await observer.sql.execute("DROP FUNCTION slowly CASCADE")


async def test_a_rollback_ends_the_statement(
    connect: Connect, observer: Observer, prisma: Any
) -> None:
    """A rollback does not wait for what is running in another task, nor lets more of it start."""
    db = await connect(connection_limit=1)
    manager = db.tx(timeout=_seconds(50))
    tx = await manager.start()
    await tx.account.create(data={"owner": "ann"})
    queries = [asyncio.create_task(tx.query_raw(_LONG))]
    queries += [asyncio.create_task(tx.account.create(data={"owner": name})) for name in "bc"]

    async def runs() -> bool:
        return await observer.running("pg_sleep(600)") == 1

    await until(runs, "the statement runs")
    await manager.rollback()
    found = await asyncio.gather(*queries, return_exceptions=True)

    assert all("rolled back transaction" in str(error) for error in found), found
    assert all(isinstance(error, prisma.errors.TransactionExpiredError) for error in found)
    await all_at_rest(db)
    await observer.nothing_is_left()
    assert await db.account.count() == 0


async def test_a_commit_after_a_failed_statement(connect: Connect, prisma: Any) -> None:
    """A commit of what the database has given up is no success."""
    db = await connect(connection_limit=1)
    manager = db.tx()
    tx = await manager.start()
    await tx.account.create(data={"owner": "ann"})
    with pytest.raises(prisma.errors.UniqueViolationError):
        await tx.account.create(data={"owner": "ann"})
    with pytest.raises(prisma.errors.TransactionError, match="rolled back, not committed"):
        await manager.commit()

    await all_at_rest(db)
    assert await db.account.count() == 0
    assert (await gauges(db))["open"] == 1


@pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
async def test_a_lost_connection_inside(
    connect: Connect, observer: Observer, prisma: Any, proxy: Proxy
) -> None:
    """When an inner transaction can't be taken back for certain, the outer one is lost with it."""
    db = await connect(connection_limit=1, connect_timeout=1)
    with pytest.raises(prisma.errors.PrismaError) as caught:
        async with db.tx(timeout=_seconds(50)) as tx:
            await tx.account.create(data={"owner": "ann"})
            with pytest.raises(prisma.errors.TransactionExpiredError):
                async with tx.tx(timeout=_seconds(0.3)) as inner:
                    await inner.account.create(data={"owner": "ben"})
                    proxy.mode = "swallow"
                    await inner.account.create(data={"owner": "cid"})
            await tx.account.create(data={"owner": "dan"})
    assert caught.value.code == "P1017"
    proxy.cut()
    proxy.heal()
    assert await db.account.count() == 0
    await all_at_rest(db)
    await observer.nothing_is_left()


@pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
async def test_a_commit_right_after_an_inner_end(connect: Connect) -> None:
    """What an inner transaction still has to take back is done once, and never after the commit."""
    db = await connect(connection_limit=1)
    (before,) = await db.query_raw("SELECT pg_backend_pid() AS pid")
    async with db.tx(timeout=_seconds(50)) as tx:
        await tx.account.create(data={"owner": "ann"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), tx.tx(timeout=_seconds(50)) as inner:
                await inner.account.create(data={"owner": "ben"})
                await inner.query_raw(_LONG)
    found = await asyncio.gather(*[db.account.find_many() for _ in range(3)])

    assert [[account.owner for account in rows] for rows in found] == [["ann"]] * 3
    await all_at_rest(db)
    assert await db.query_raw("SELECT pg_backend_pid() AS pid") == [before]


async def test_a_lost_connection(connect: Connect, observer: Observer, prisma: Any) -> None:
    """A transaction whose session was ended says so, and its place in the pool is free again."""
    db = await connect(connection_limit=1)
    with pytest.raises(prisma.errors.PrismaError) as caught:
        async with db.tx(timeout=_seconds(50)) as tx:
            await tx.account.create(data={"owner": "ann"})
            await observer.terminate_others()
            await tx.account.create(data={"owner": "ben"})
    assert caught.value.code == "P1017"
    assert await db.account.count() == 0
    await all_at_rest(db)
