"""The pool: who gets which connection, and who waits."""

import asyncio
from collections.abc import Hashable
from typing import Any

import pytest

from prisma_wasm.errors import QueryError
from prisma_wasm.pool import Pool

pytestmark = pytest.mark.asyncio


class _Connection:
    def __init__(self) -> None:
        self.is_usable = True
        self.setup: Hashable = ()

    def terminate(self) -> None:
        self.is_usable = False

    async def close(self) -> None:
        self.is_usable = False


async def _open() -> _Connection:
    await asyncio.sleep(0)
    return _Connection()


def _pool(limit: int = 2, timeout: float = 0.05) -> Pool[Any]:
    return Pool(_open, limit, timeout)


async def test_connections_are_reused() -> None:
    """The last one used comes first, and none is opened without need."""
    pool = _pool()
    first = await pool.acquire()
    pool.release(first)
    assert await pool.acquire() is first
    assert pool.opened == 1


async def test_more_queries_than_connections() -> None:
    """Everybody gets a turn."""
    pool = _pool(limit=3, timeout=5)

    async def use() -> None:
        connection = await pool.acquire()
        await asyncio.sleep(0.001)
        pool.release(connection)

    await asyncio.gather(*(use() for _ in range(300)))
    assert (pool.opened, pool.busy, pool.idle) == (3, 0, 3)


async def test_waiting_has_a_limit() -> None:
    """The error says how large the pool is, how much of it is in use and how many wait."""
    pool = _pool(limit=1)
    await pool.acquire()
    with pytest.raises(QueryError) as caught:
        await pool.acquire()
    assert caught.value.code == "P2024"
    assert "connection limit: 1, in use: 1, waiting: 1" in caught.value.message
    assert pool.waiting == 0


async def test_a_cancelled_waiter_loses_nothing() -> None:
    """Whenever a waiter is cancelled, its connection goes to the next."""
    for steps in range(4):
        pool = _pool(limit=1, timeout=5)
        connection = await pool.acquire()
        waiter = asyncio.ensure_future(pool.acquire())
        for _ in range(steps):
            await asyncio.sleep(0)
        pool.release(connection)
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)
        if not waiter.cancelled():
            pool.release(waiter.result())
        assert await asyncio.wait_for(pool.acquire(), 1) is connection


async def test_a_broken_connection_makes_room() -> None:
    """Its place goes to whoever waits."""
    pool = _pool(limit=1, timeout=5)
    broken = await pool.acquire()
    waiter = asyncio.ensure_future(pool.acquire())
    await asyncio.sleep(0)
    broken.is_usable = False
    pool.release(broken)
    assert await waiter is not broken
    assert pool.closed == 1


async def test_a_failure_to_open_makes_room() -> None:
    """After an error the place is free again."""
    failures = 2

    async def open_() -> _Connection:
        nonlocal failures
        await asyncio.sleep(0)
        if failures:
            failures -= 1
            raise OSError
        return _Connection()

    pool: Pool[Any] = Pool(open_, 1, 0.1)
    for _ in range(2):
        with pytest.raises(OSError, match=r"^$"):
            await pool.acquire()
    assert (await pool.acquire()).is_usable


async def test_closing_refuses_waiters() -> None:
    """Nobody waits for a connection that will never come."""
    pool = _pool(limit=1, timeout=5)
    held = await pool.acquire()
    waiter = asyncio.ensure_future(pool.acquire())
    await asyncio.sleep(0)
    await pool.close(0.1)
    with pytest.raises(QueryError):
        await waiter
    assert not held.is_usable
