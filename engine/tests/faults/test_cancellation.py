"""Cancelled at every await point, nothing leaks: no connection, transaction, lock, half a write."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from .acting import Connect, Observer, all_at_rest, gauges, until
from .stepping import Moment, cancel_everywhere

_MOMENTS = pytest.mark.parametrize("moment", ["waiting", "done"])
# Of transactions within each other, which client code warns of.
pytestmark = pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
_SLEEP = "SELECT pg_sleep(0.02)::text"

Operation = Callable[[Any], Coroutine[Any, Any, Any]]


class _BoomError(Exception):
    """What a block in a transaction raises."""


async def _query(db: Any) -> None:
    await db.query_raw(_SLEEP)
    await db.account.find_many(include={"entries": True})


async def _nested_write(db: Any) -> None:
    entries = {"create": [{"amount": 1}, {"amount": 2}]}
    await db.account.create(data={"owner": "ann", "entries": entries}, include={"entries": True})


async def _create_many(db: Any) -> None:
    # More than one statement can hold.
    await db.account.create_many(data=[{"owner": str(n)} for n in range(1200)])


async def _batch(db: Any) -> None:
    async with db.batch_() as batch:
        batch.account.create(data={"owner": "ann"})
        batch.account.create(data={"owner": "ben"})
        batch.account.update_many(where={}, data={"balance": {"increment": 1}})


async def _transaction(db: Any) -> None:
    async with db.tx() as tx:
        await tx.account.create(data={"owner": "ann"})
        await tx.query_raw(_SLEEP)
        await tx.account.create(data={"owner": "ben"})


async def _gathered(db: Any) -> None:
    async with db.tx() as tx:
        await asyncio.gather(*[tx.account.create(data={"owner": name}) for name in "abcd"])


async def _batch_in_transaction(db: Any) -> None:
    async with db.tx() as tx:
        await _batch(tx)
        await tx.account.create(data={"owner": "cid"})


async def _nested(db: Any) -> None:
    async with db.tx() as tx:
        await tx.account.create(data={"owner": "ann"})
        async with tx.tx() as inner:
            await inner.account.create(data={"owner": "ben"})
        with contextlib.suppress(_BoomError):
            async with tx.tx() as inner:
                await inner.account.create(data={"owner": "cid"})
                raise _BoomError


async def _rolled_back(db: Any) -> None:
    with contextlib.suppress(_BoomError):
        async with db.tx() as tx:
            await tx.account.create(data={"owner": "ann"})
            raise _BoomError


# How many accounts there are when it was all done; else there are none.
_OPERATIONS: list[tuple[Operation, int]] = [
    (_query, 0),
    (_nested_write, 1),
    (_create_many, 1200),
    (_batch, 2),
    (_transaction, 2),
    (_gathered, 4),
    (_batch_in_transaction, 3),
    (_nested, 2),
    (_rolled_back, 0),
]


@_MOMENTS
@pytest.mark.parametrize("is_cold", [False, True], ids=["warm", "cold"])
@pytest.mark.parametrize(
    ("operation", "accounts"), _OPERATIONS, ids=[made.__name__[1:] for made, _ in _OPERATIONS]
)
async def test_operations(
    connect: Connect,
    observer: Observer,
    operation: Operation,
    accounts: int,
    is_cold: bool,
    moment: Moment,
) -> None:
    """Wherever it is cancelled, it is done wholly or not at all, and the next one works."""
    db = await connect(connection_limit=1)

    async def check() -> None:
        await all_at_rest(db)
        await observer.nothing_is_left()
        assert await observer.connections() <= 1
        assert (await gauges(db))["open"] <= 1
        found = await observer.sql.fetchrow(
            """SELECT (SELECT count(*) FROM "Account") AS n, (SELECT count(*) FROM "Entry") AS m"""
        )
        assert found["n"] in (0, accounts)
        if operation is _nested_write:
            assert found["m"] == 2 * found["n"]
        assert await db.account.count() == found["n"]
        await db.account.delete_many()

    async def cold() -> None:
        await observer.terminate_others()

        async def is_alone() -> bool:
            return await observer.connections() == 0

        await until(is_alone, "the connections are gone")
        for connection in db._internal_engine.engine._lane.pool.connections():
            await until(lambda c=connection: not c.is_usable, "the client has seen that")

    await operation(db)
    await db.account.delete_many()
    steps = await cancel_everywhere(
        lambda: operation(db), check, moment, before=cold if is_cold else None
    )
    assert steps >= (4 if is_cold else 2)


@_MOMENTS
async def test_connecting(prisma: Any, url: str, observer: Observer, moment: Moment) -> None:
    """connect() leaves nothing behind, and the client can connect again."""
    client = prisma.Prisma(datasource={"url": url})

    async def nobody() -> bool:
        return await observer.connections() == 0

    async def check() -> None:
        if client.is_connected():
            await client.disconnect()
        await until(nobody, "the connection is gone")
        await client.connect()
        assert await client.account.count() == 0
        await client.disconnect()
        await until(nobody, "the connection is gone")

    assert await cancel_everywhere(client.connect, check, moment) >= 3


@_MOMENTS
async def test_disconnecting(prisma: Any, url: str, observer: Observer, moment: Moment) -> None:
    """disconnect() closes the connections even if it is cancelled."""
    client = prisma.Prisma(datasource={"url": url})

    async def connected() -> None:
        await client.connect()
        await asyncio.gather(*[client.account.count() for _ in range(3)])

    async def check() -> None:
        async def nobody() -> bool:
            return await observer.connections() == 0

        await until(nobody, "the connections are gone")

    assert await cancel_everywhere(client.disconnect, check, moment, before=connected) >= 1


async def test_waiting_for_a_place(connect: Connect, observer: Observer) -> None:
    """Those who wait in line and give up lose nothing that the others need."""
    db = await connect(connection_limit=2)

    async def one(number: int) -> None:
        async with asyncio.timeout(number % 7 * 0.004):
            await db.query_raw("SELECT pg_sleep(0.003)::text")

    found = await asyncio.gather(*[one(n) for n in range(200)], return_exceptions=True)
    assert any(isinstance(error, TimeoutError) for error in found)
    await all_at_rest(db)
    await observer.nothing_is_left()
    assert await asyncio.gather(*[db.account.count() for _ in range(20)]) == [0] * 20
    assert (await gauges(db))["open"] <= 2
