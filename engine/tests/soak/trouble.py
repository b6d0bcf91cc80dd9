"""What goes wrong around the client: its network, its sessions, its schema."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

from faults.acting import Observer
from faults.proxy import Proxy

_ONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND application_name <> 'observer'
    ORDER BY random() LIMIT $1
"""
_CANCELLED = _ONE.replace("pg_terminate_backend", "pg_cancel_backend")


async def trouble(
    proxy: Proxy, observer: Observer, rng: random.Random, is_over: asyncio.Event, told: Counter[str]
) -> None:
    """One fault after the other, with pauses in which all is well."""
    while not is_over.is_set():
        await asyncio.sleep(rng.uniform(0.1, 0.6))
        kind = rng.choice(
            ["terminate", "cancel", "cut", "cut after", "half close", "swallow", "delay", "refuse",
             "alter", "nothing"]
        )  # fmt: skip
        told[kind] += 1
        await _do(kind, proxy, observer, rng)
    proxy.heal()


async def _do(kind: str, proxy: Proxy, observer: Observer, rng: random.Random) -> Any:
    pause = rng.uniform(0.1, 1.2)
    match kind:
        case "terminate":
            await observer.sql.execute(_ONE, rng.randint(1, 8))
        case "cancel":
            await observer.sql.execute(_CANCELLED, rng.randint(1, 8))
        case "cut":
            await asyncio.to_thread(proxy.cut)
        case "half close":
            await asyncio.to_thread(proxy.half_close)
        case "alter":
            async with asyncio.timeout(30):
                await observer.sql.execute('ALTER TABLE "Entry" ADD COLUMN extra int')
                await observer.sql.execute('ALTER TABLE "Entry" DROP COLUMN extra')
        case "cut after":
            proxy.cut_after = rng.randrange(20_000)
            await asyncio.sleep(pause)
        case "swallow":
            proxy.mode = "swallow"
            await asyncio.sleep(pause)
            # What was swallowed is lost: such a connection can't go on.
            await asyncio.to_thread(proxy.cut)
        case "delay":
            proxy.delay = rng.uniform(0.001, 0.05)
            await asyncio.sleep(pause)
        case "refuse":
            await asyncio.to_thread(proxy.refuse)
            await asyncio.to_thread(proxy.cut)
            await asyncio.sleep(pause)
            await asyncio.to_thread(proxy.listen)
        case _:
            await asyncio.sleep(pause)
    proxy.heal()
