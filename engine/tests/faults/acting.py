"""What the tests do beside the clients: watch the server, the pool and the event loop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
import warnings
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, cast
from urllib.parse import urlsplit

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
from fix_server import DatabaseServer

# For a loaded machine: only what hangs takes as long.
LIMIT = 180.0

Connect = Callable[..., Awaitable[Any]]

# On a loaded machine of two cores; what blocks the event loop blocks it for longer.
LONGEST_GAP = 1.5

# What a query may say whose connection, or server, went.
LOST = ("P1001", "P1017")

_OTHERS = """
    SELECT pid, state, query, backend_xid IS NOT NULL OR xact_start IS NOT NULL AS in_transaction
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND application_name <> 'observer'
"""
_LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE pid <> pg_backend_pid() AND datname = current_database()
    AND backend_type = 'client backend' AND locktype IN ('relation', 'advisory', 'transactionid')
"""


def place_of(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 5432


def with_parameters(url: str, **parameters: object) -> str:
    """The URL with these parameters too."""
    joined = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{url}{'&' if '?' in url else '?'}{joined}"


async def until(condition: Callable[[], object], what: str, limit: float = 60) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + limit
    while True:
        found: Any = condition()
        if isinstance(found, Awaitable):
            found = await cast("Awaitable[Any]", found)
        if found:
            return
        assert time.monotonic() < deadline, f"not within {limit:g} s: {what}"
        await asyncio.sleep(0.01)


async def gauges(client: Any) -> dict[str, float]:
    """The pool's figures, by the last part of their names."""
    metrics = await client.get_metrics()
    return {
        gauge.key.removeprefix("prisma_pool_connections_"): gauge.value for gauge in metrics.gauges
    }


async def all_at_rest(client: Any) -> None:
    """Wait until no connection of the pool is in use."""

    async def is_at_rest() -> bool:
        return (await gauges(client))["busy"] == 0

    await until(is_at_rest, "no connection of the pool is busy")


class Observer:
    """A connection that looks at what the server sees of the others."""

    def __init__(self, connection: Any) -> None:
        self.sql = connection

    async def connections(self) -> int:
        """How many others are connected to this database."""
        return len(await self.sql.fetch(_OTHERS))

    async def running(self, part: str) -> int:
        """How many run a statement with this in its text."""
        rows = await self.sql.fetch(_OTHERS)
        return sum(part in row["query"] and row["state"] == "active" for row in rows)

    async def nothing_is_left(self) -> None:
        """Wait until nobody is in a transaction, runs anything, or holds a lock."""

        async def is_clean() -> bool:
            rows = await self.sql.fetch(_OTHERS)
            is_idle = all(row["state"] == "idle" and not row["in_transaction"] for row in rows)
            return is_idle and await self.sql.fetchval(_LOCKS) == 0

        await until(is_clean, "no transaction and no lock")

    async def terminate_others(self) -> None:
        await self.sql.execute(f"SELECT pg_terminate_backend(pid) FROM ({_OTHERS}) AS others")


@asynccontextmanager
async def observing(url: str) -> AsyncGenerator[Observer]:
    """An observer of this database."""
    driver: Any = asyncpg
    connection = await driver.connect(
        url,
        timeout=LIMIT,
        command_timeout=LIMIT,
        server_settings={"application_name": "observer"},
    )
    try:
        yield Observer(connection)
    finally:
        await connection.close(timeout=LIMIT)


def _without_cpu() -> float:
    """How long this thread could have run but had no processor, where the system counts that."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class Ticker:
    """Measures the longest time in which the event loop did nothing else, though it could have."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._counts = Counter[int]()  # by their milliseconds

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _tick(self) -> None:
        last, without_cpu = time.monotonic(), _without_cpu()
        while True:
            await asyncio.sleep(0.01)
            now, later = time.monotonic(), _without_cpu()
            gap = max(0.0, now - last - 0.01 - (later - without_cpu))
            self.longest = max(self.longest, gap)
            self._counts[int(gap * 1000)] += 1
            last, without_cpu = now, later

    def percentile(self, part: float) -> int:
        """The milliseconds that this part of the gaps did not exceed."""
        left = self._counts.total() * part
        for gap, count in sorted(self._counts.items()):
            left -= count
            if left <= 0:
                return gap
        return 0


def connections_of(server: DatabaseServer, url: str) -> int:
    """How many are connected to the database of this URL."""
    database = url.rpartition("/")[2].partition("?")[0]
    return int(
        server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            f" AND datname = '{database}'"
        )
    )


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something to become true, where there is no event loop."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def in_child(child: Callable[[], None]) -> int:
    """Run something in a forked process, which ends as programs do; its exit code."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        pid = os.fork()
    if pid == 0:
        code = 1
        try:
            child()
            gc.collect()
            code = 0
        finally:
            os._exit(code)
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -1
