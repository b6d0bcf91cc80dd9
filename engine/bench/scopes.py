"""What `scoped` costs: reads by id in scopes, against the same reads without one.

    python -m bench.scopes [--rounds N]

All in turns on one server; a ratio is the median over the rounds.
"""

import argparse
import asyncio
import importlib
import itertools
import statistics
import sys
from contextlib import AsyncExitStack
from typing import Any

from prisma_wasm import embedded, scoped

from .__main__ import prisma
from .queries import fill
from .timing import Query, timed

READS, REPEAT = 10, 20
READ = 'SELECT id, email, name, age, "createdAt" FROM "Author" WHERE id = $1'
SET = "SELECT set_config('app.user_id', $1, $2), set_config('app.workspace_id', $1, $2)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    with embedded.temporary() as server:
        url = server.url("bench")
        prisma("db", "push", "--schema", "schema.prisma", url=url)
        asyncio.run(measure(url, options.rounds))
    return 0


async def measure(url: str, rounds: int) -> None:
    package: Any = importlib.import_module("bench._client")
    asyncpg: Any = importlib.import_module("asyncpg")  # it has no types
    async with AsyncExitStack() as stack:

        async def client(parameters: str) -> Any:
            datasource = {"url": f"{url}?{parameters}"}
            return await stack.enter_async_context(
                package.Prisma(use_dotenv=False, datasource=datasource)
            )

        one, two = await client("connection_limit=1"), await client("connection_limit=2")
        shared = await client("connection_limit=1&pgbouncer=true")
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        await fill(connection)
        await compare("one connection", direct_cases(one), rounds)
        await open_both(two)
        await compare("two connections", direct_cases(two), rounds)
        await compare("as behind a pooler", direct_cases(shared), rounds)
        await compare("asyncpg by hand", cases_by_hand(connection), rounds)


async def open_both(two: Any) -> None:
    await asyncio.gather(*(two.query_raw("SELECT pg_sleep(0.2)::text") for _ in range(2)))


def direct_cases(client: Any) -> dict[str, Query]:
    """Reads of one client; entering the block is a part of what is measured."""

    async def read(times: int = READS) -> None:
        for _ in range(times):
            await client.author.find_unique(where={"id": 7})

    async def in_one_scope() -> None:
        with scoped({"app.user_id": "1", "app.workspace_id": "1"}):
            await read()

    async def in_scopes_of(*users: str, **others: str) -> None:
        for user in itertools.islice(itertools.cycle(users), READS):
            with scoped({"app.user_id": user, "app.workspace_id": user, **others}):
                await read(1)

    return {
        "no scope": read,
        "one scope around them all": in_one_scope,
        "the same scope around each": lambda: in_scopes_of("1"),
        "two scopes by turns": lambda: in_scopes_of("1", "2"),
        "a read-only scope around each": lambda: in_scopes_of("1", transaction_read_only="on"),
    }


def cases_by_hand(connection: Any) -> dict[str, Query]:
    async def read(times: int = READS) -> None:
        for _ in range(times):
            await connection.fetchrow(READ, 7)

    async def set_and_read() -> None:
        for _ in range(READS):
            await connection.fetch(SET, "1", False)
            await read(1)

    async def in_transactions() -> None:
        for _ in range(READS):
            async with connection.transaction():
                await connection.fetch(SET, "1", True)
                await read(1)

    return {
        "the reads alone": read,
        "set_config, read": set_and_read,
        "BEGIN, set_config, read, COMMIT": in_transactions,
    }


async def compare(title: str, cases: dict[str, Query], rounds: int) -> None:
    """Print each case's ratio to the first."""
    for query in cases.values():
        await timed(query, 10)
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, query in cases.items():
            times[name].append(await timed(query, REPEAT))
    base, *_others = times.values()
    print(title)
    for name, measured in times.items():
        ratio = statistics.median(a / b for a, b in zip(measured, base, strict=True))
        print(
            f"  {name:34} {statistics.median(measured) / READS * 1e6:6.0f}us {ratio:6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    sys.exit(main())
