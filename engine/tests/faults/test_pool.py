"""The pool of a real client: more queries than places, and connections that grow old."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from prisma_wasm import watch
from prisma_wasm.address import parse
from prisma_wasm.dial import dial

from .acting import Connect, Observer, Ticker, all_at_rest, gauges, until, with_parameters


async def test_five_hundred_queries(connect: Connect, observer: Observer, ticker: Ticker) -> None:
    """Five hundred at once over five connections all succeed."""
    db = await connect(connection_limit=5, pool_timeout=60)
    await db.account.create(data={"owner": "ann"})
    found = await asyncio.gather(*[db.account.find_many() for _ in range(500)])

    assert [len(rows) for rows in found] == [1] * 500
    assert (await gauges(db))["open"] == 5
    assert await observer.connections() == 5
    await all_at_rest(db)


async def test_five_hundred_mixed(connect: Connect) -> None:
    """So do reads, writes, batches and transactions side by side."""
    db = await connect(connection_limit=5, pool_timeout=60)

    async def in_transaction(number: int) -> None:
        long = timedelta(seconds=60)
        async with db.tx(max_wait=long, timeout=long) as tx:
            account = await tx.account.create(data={"owner": f"t{number}"})
            await tx.entry.create(data={"amount": 1, "accountId": account.id})

    async def in_batch(number: int) -> None:
        async with db.batch_() as batch:
            batch.account.create(data={"owner": f"b{number}"})
            batch.account.create(data={"owner": f"c{number}"})

    await asyncio.gather(
        *[in_transaction(n) for n in range(100)],
        *[in_batch(n) for n in range(100)],
        *[db.account.create(data={"owner": f"p{n}"}) for n in range(100)],
        *[db.query_raw("SELECT pg_sleep(0.001)::text") for _ in range(100)],
        *[db.account.find_first(include={"entries": True}) for _ in range(100)],
    )
    assert (await db.account.count(), await db.entry.count()) == (400, 100)
    await all_at_rest(db)


async def test_a_blocked_event_loop(connect: Connect) -> None:
    """A loop that is blocked for longer than `pool_timeout` makes no waiting query fail.

    Nor did it with the original, whose pool had threads of its own; here it was P2024.
    """
    db = await connect(connection_limit=1, pool_timeout=2)
    await db.account.count()
    queries = [asyncio.ensure_future(db.account.count()) for _ in range(20)]
    await asyncio.sleep(0)  # all have begun, and all but one wait for the connection
    time.sleep(2.5)  # noqa: ASYNC251 - this blocks on purpose
    assert await asyncio.gather(*queries) == [0] * 20
    await all_at_rest(db)


async def test_a_blocked_event_loop_before_a_transaction(connect: Connect) -> None:
    """The time does not count for a transaction's `max_wait` either; here it was P2028."""
    db = await connect(connection_limit=1)

    async def transaction() -> int:
        async with db.tx(max_wait=timedelta(seconds=1)) as tx:
            return await tx.account.count()

    first = asyncio.ensure_future(db.account.count())
    await asyncio.sleep(0)
    second = asyncio.ensure_future(transaction())
    await asyncio.sleep(0)
    time.sleep(1.5)  # noqa: ASYNC251 - this blocks on purpose
    assert await asyncio.gather(first, second) == [0, 0]
    await all_at_rest(db)


async def test_a_loop_that_is_blocked_while_it_connects(url: str) -> None:
    """The time does not count for `connect_timeout` either; here it was P1001."""
    address = parse(with_parameters(url, connect_timeout=1))
    connecting = asyncio.ensure_future(dial(address))
    await asyncio.sleep(0)
    time.sleep(1.5)  # noqa: ASYNC251 - this blocks on purpose
    await (await connecting).close(timeout=5)


async def test_who_waits_too_long(connect: Connect, prisma: Any) -> None:
    """The error names the pool's size, how many are in use and how many wait."""
    db = await connect(connection_limit=2, pool_timeout=0.3)
    async with db.tx(), db.tx():
        queries = [db.account.count() for _ in range(3)]
        found: list[Any] = await asyncio.gather(*queries, return_exceptions=True)
    assert {type(error) for error in found} == {prisma.errors.DataError}
    assert {error.code for error in found} == {"P2024"}
    assert "connection limit: 2, in use: 2, waiting: 3" in str(found[0])
    assert await db.account.count() == 0


@pytest.mark.parametrize("parameter", ["max_connection_lifetime", "max_idle_connection_lifetime"])
async def test_lifetimes(
    connect: Connect, observer: Observer, monkeypatch: pytest.MonkeyPatch, parameter: str
) -> None:
    """Connections that are idle, or open, for longer than the URL allows are closed."""
    monkeypatch.setattr(watch, "EVERY", 0.05)
    db = await connect(connection_limit=3, **{parameter: 0.3})
    await asyncio.gather(*[db.account.count() for _ in range(6)])

    async def all_closed() -> bool:
        return (await gauges(db))["open"] == 0 and await observer.connections() == 0

    await until(all_closed, "the connections are closed")
    assert await db.account.count() == 0


async def test_an_old_connection_in_constant_use(connect: Connect) -> None:
    """One that is never idle is replaced between two uses."""
    db = await connect(connection_limit=1, max_connection_lifetime=0.2)
    pids: set[int] = set()

    async def replaced() -> bool:
        (row,) = await db.query_raw("SELECT pg_backend_pid() AS pid")
        pids.add(row["pid"])
        return len(pids) >= 3

    await until(replaced, "the connection is replaced")
    await all_at_rest(db)
