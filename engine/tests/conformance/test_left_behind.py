"""Whatever happens in a use of a connection, the next use finds nothing of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

_LOCKS = """
    SELECT count(*) AS n FROM pg_locks JOIN pg_class ON pg_class.oid = relation
    WHERE relname = 'Scalars' AND pid <> pg_backend_pid()
"""


@pytest_asyncio.fixture(loop_scope="session")
async def single(prisma: Any, url: str) -> AsyncIterator[Any]:
    """A client with one connection, so that each use follows on the last."""
    separator = "&" if "?" in url else "?"
    client = prisma.Prisma(datasource={"url": f"{url}{separator}connection_limit=1"})
    await client.connect()
    yield client
    await client.disconnect()


async def _state(db: Any, single: Any) -> str:
    """What the server says that the one connection is in, as others see it."""
    ((pid,),) = [row.values() for row in await single.query_raw("SELECT pg_backend_pid()")]
    seen = await db.query_raw("SELECT state FROM pg_stat_activity WHERE pid = $1", pid)
    return seen[0]["state"]


async def _insert_twice(single: Any) -> None:
    async with single.batch_() as batch:
        batch.execute_raw("INSERT INTO late VALUES (1)")
        batch.execute_raw("INSERT INTO late VALUES (1)")


async def test_a_commit_that_fails(db: Any, single: Any, prisma: Any) -> None:
    """After a batch that a deferred constraint refused, a transaction still rolls back."""
    await db.execute_raw("CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    try:
        with pytest.raises(prisma.errors.PrismaError):
            await _insert_twice(single)
        manager = single.tx()
        tx = await manager.start()
        await tx.execute_raw("INSERT INTO late VALUES (42)")
        await manager.rollback()

        assert await db.query_raw("SELECT id FROM late") == []
    finally:
        await db.execute_raw("DROP TABLE late")


async def test_a_start_that_is_cancelled(db: Any, single: Any) -> None:
    """Wherever a transaction's start is cancelled, the connection is in no transaction then."""
    for n in range(60):
        start = asyncio.ensure_future(single.tx().start())
        await asyncio.sleep(n % 12 * 0.0001)
        if start.cancel():
            await asyncio.gather(start, return_exceptions=True)
        elif not start.cancelled():
            await start.result()._internal_engine.rollback_transaction(start.result()._tx_id)
        await asyncio.sleep(0.001)
        assert await _state(db, single) == "idle"


async def test_a_begin_of_the_callers_own(db: Any, single: Any) -> None:
    """A raw BEGIN outside of tx() is taken back, and holds nobody else's writes."""
    await single.execute_raw("BEGIN")
    await asyncio.sleep(0.001)

    assert await _state(db, single) == "idle"


async def test_a_value_that_is_not_sent(db: Any, single: Any, prisma: Any) -> None:
    """A value that the driver refuses leaves no lock that a migration would wait for."""
    with pytest.raises(prisma.errors.PrismaError):
        await single.scalars.find_first(where={"string": "\ud800"})

    for _ in range(50):
        if await db.query_raw(_LOCKS) == [{"n": 0}]:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the lock stays")
