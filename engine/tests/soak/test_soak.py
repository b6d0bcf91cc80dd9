"""After long work among faults nothing is lost and nothing is left over."""

import asyncio
import gc
import logging
import os
import secrets
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
from faults.acting import (
    LONGEST_GAP,
    Observer,
    Ticker,
    all_at_rest,
    gauges,
    observing,
    place_of,
    until,
    with_parameters,
)
from faults.proxy import Proxy

from .trouble import trouble
from .work import ACCOUNTS, BALANCE, worker

_WORKERS = 16
# From a third of the time on; in a short run, plans may still be compiled then.
_GROWTH_LIMIT = 24 * 2**20
_GROWTH_LIMIT_OF_SHORT_RUN = 72 * 2**20
_SUM = 'SELECT sum(balance)::int FROM "Account"'


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _memory() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


async def _look_on(
    observer: Observer, seconds: float, workers: "list[asyncio.Task[None]]", is_over: asyncio.Event
) -> list[int]:
    """Watch the sum and the memory until the time is over."""
    started, memory = time.monotonic(), list[int]()
    while (passed := time.monotonic() - started) < seconds:
        await asyncio.sleep(min(1, seconds / 10))
        for task in workers:
            if task.done():
                is_over.set()
                task.result()
        assert await observer.sql.fetchval(_SUM) == ACCOUNTS * BALANCE
        if passed > seconds / 3:
            memory.append(_memory())
    is_over.set()
    return memory


@pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
async def test_soak(
    prisma: Any, url: str, proxy: Proxy, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Money is neither lost nor found; no connection, transaction, task, file or memory leaks."""
    seed = secrets.randbelow(2**32)
    print(f"\nsoak: {seconds:g} s, seed {seed}")
    rng = Random(seed)  # noqa: S311 - it is to be repeated
    through = url.replace(f":{place_of(url)[1]}/", f":{proxy.port}/")
    db = prisma.Prisma(
        datasource={
            "url": with_parameters(
                through, connection_limit=6, pool_timeout=3, connect_timeout=1, socket_timeout=2
            )
        }
    )
    # Its records, which hold exceptions and all their frames, would be kept for the test's report.
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    told, faults = Counter[str](), Counter[str]()
    is_over = asyncio.Event()
    async with observing(url) as observer, observing(url) as second, Ticker() as ticker:
        await observer.sql.execute(
            'INSERT INTO "Account" (owner, balance)'
            " SELECT n::text, $1 FROM generate_series(0, $2) AS n",
            BALANCE,
            ACCOUNTS - 1,
        )
        async with db:
            await asyncio.gather(db.account.count(), asyncio.to_thread(int))  # what stays open
        tasks, files = len(asyncio.all_tasks()), _descriptors()
        await db.connect()
        workers = [
            asyncio.create_task(worker(db, prisma.errors, Random(number), is_over, told))  # noqa: S311
            for number in rng.sample(range(2**32), _WORKERS)
        ]
        breaking = asyncio.create_task(trouble(proxy, second, rng, is_over, faults))
        try:
            memory = await _look_on(observer, seconds, [*workers, breaking], is_over)
        finally:
            is_over.set()
            await asyncio.wait([*workers, breaking], timeout=60)
        await asyncio.gather(*workers, breaking)
        proxy.heal()

        await all_at_rest(db)
        await asyncio.to_thread(proxy.cut)
        await observer.nothing_is_left()
        assert await _works(db, prisma) == ACCOUNTS
        assert (await gauges(db))["open"] <= 6
        assert await observer.sql.fetchval(_SUM) == ACCOUNTS * BALANCE
        await db.disconnect()

        async def no_others() -> bool:
            return await observer.connections() == 0

        await until(no_others, "the server has no connection of the client")
        await until(lambda: len(asyncio.all_tasks()) <= tasks, "no task is left")
        await until(lambda: proxy.links == 0, "the proxy has no connection")
        gc.collect()
        await until(lambda: _descriptors() <= files, "no file is left open")

    growth = memory[-1] - min(memory[: max(1, len(memory) // 4)])
    print(
        f"soak: {sum(told.values())} operations {dict(told.most_common())}, faults {dict(faults)},"
        f" event loop held up for {ticker.percentile(0.99)} ms (p99), at most"
        f" {ticker.longest * 1000:.0f} ms, memory {memory[-1] >> 20} MB,"
        f" growth {growth / 2**20:.1f} MB, {os.times().user:.0f} s of CPU"
    )
    assert told["done"] > sum(faults.values()), "the faults left no time for work"
    assert growth < (_GROWTH_LIMIT if seconds >= 60 else _GROWTH_LIMIT_OF_SHORT_RUN)
    assert ticker.percentile(0.99) < 50
    assert ticker.longest < LONGEST_GAP


async def _works(db: Any, prisma: Any) -> int:
    for _ in range(100):
        try:
            return await db.account.count()
        except prisma.errors.DataError:
            await asyncio.sleep(0.05)
    raise AssertionError("no query works after the faults")
