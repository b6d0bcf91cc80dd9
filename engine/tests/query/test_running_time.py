"""Limits that count only the time in which the event loop ran."""

import asyncio
from typing import Any

import pytest
from fake_time import fake_loop, in_fake_time

from prisma_wasm import credentials
from prisma_wasm.errors import QueryError
from prisma_wasm.pool import Pool
from prisma_wasm.running_time import running_timeout


@in_fake_time
async def test_a_block_that_waits() -> None:
    """Without anything that blocks, it ends when `asyncio.timeout` would."""
    with pytest.raises(TimeoutError):
        async with running_timeout(3):
            await asyncio.sleep(60)
    assert fake_loop().time() == pytest.approx(3, abs=1e-3)
    async with running_timeout(3):
        await asyncio.sleep(2.9)
    async with running_timeout(None):
        await asyncio.sleep(1000)


@in_fake_time
async def test_a_blocked_loop() -> None:
    """What took no time but the loop's is not late."""
    async with running_timeout(3):
        await asyncio.sleep(1)
        fake_loop().advance(60)
        await asyncio.sleep(1.5)
    with pytest.raises(TimeoutError):  # noqa: PT012 - what raises is a block
        async with running_timeout(3):
            fake_loop().advance(60)
            await asyncio.sleep(4)


@in_fake_time
async def test_a_pool_whose_loop_was_blocked() -> None:
    """P2024 is for connections that are in use, not for a loop that could not release them.

    Under the original a blocked event loop made no query fail: its pool had threads of its own.
    """

    class Connection:
        is_usable = True
        setup = ()

        def terminate(self) -> None: ...

        async def close(self) -> None: ...

    async def open_() -> Any:
        return Connection()

    async def query() -> None:
        connection = await pool.acquire()
        for _ in range(5):
            await asyncio.sleep(0)
        pool.release(connection)

    pool: Pool[Any] = Pool(open_, 1, 10)
    queries = [asyncio.ensure_future(query()) for _ in range(20)]
    await asyncio.sleep(0)
    fake_loop().advance(30)
    await asyncio.gather(*queries)
    held = await pool.acquire()
    with pytest.raises(QueryError) as caught:
        await pool.acquire()
    assert caught.value.code == "P2024"
    pool.release(held)


@in_fake_time
async def test_credentials_that_came_while_the_loop_was_blocked() -> None:
    """The callback's answer counts, not when the loop could read it."""

    async def read_token() -> str:
        await asyncio.sleep(1)
        fake_loop().advance(60)
        await asyncio.sleep(1)
        return "token"

    given = credentials.Credentials("postgresql://u@h/d", read_token)
    assert (await given.address()).password == "token"
