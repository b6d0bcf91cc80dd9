"""What a query costs through the client, against the best that one writes by hand.

    python -m bench [--rounds N] [--only WORDS]

Each pair runs on one server, with one connection each, in turns; a figure is the median over the
rounds of a round's mean, and only the ratios mean anything on a machine that has other work too.
"""

import argparse
import asyncio
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prisma_wasm import embedded

HERE = Path(__file__).parent
AUTHORS, BOOKS = 1_000, 5_000
SECONDS_A_ROUND = 0.25
LIMIT = 300

Query = Callable[[], Awaitable[Any]]


@dataclass
class Pair:
    """One query, twice: through the client and by hand."""

    name: str
    target: float
    client: Query
    by_hand: Query


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="pairs whose name contains this")
    options = parser.parse_args()
    with embedded.temporary() as server:
        url = server.url("bench")
        prisma("db", "push", "--schema", "schema.prisma", url=url)
        return asyncio.run(measure(url, options))


def prisma(*arguments: str, url: str) -> None:
    subprocess.run(  # noqa: S603  # the environment's own command
        [Path(sys.executable).with_name("prisma"), *arguments],
        cwd=HERE,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=LIMIT,
    )


async def measure(url: str, options: argparse.Namespace) -> int:
    client_package: Any = importlib.import_module("bench._client")
    client = client_package.Prisma(
        use_dotenv=False, datasource={"url": f"{url}?connection_limit=1"}
    )
    asyncpg: Any = importlib.import_module("asyncpg")  # it has no types
    connection = await asyncpg.connect(url)
    await fill(connection)
    await client.connect()
    missed = 0
    print(f"{'query':28} {'client':>9} {'by hand':>9} {'ratio':>6} {'aim':>5}")
    try:
        for pair in pairs(client_package, client, connection):
            if options.only in pair.name:
                missed += await compare(pair, options.rounds)
    finally:
        await client.disconnect()
        await connection.close()
    return 1 if missed else 0


async def compare(pair: Pair, rounds: int) -> int:
    """Print one line; 1 if the aim is missed."""
    repeat = await repetitions(pair.by_hand)
    for query in (pair.client, pair.by_hand):
        await timed(query, min(repeat, 50))
    client: list[float] = []
    by_hand: list[float] = []
    for _ in range(rounds):
        client.append(await timed(pair.client, repeat))
        by_hand.append(await timed(pair.by_hand, repeat))
    ratio = statistics.median(a / b for a, b in zip(client, by_hand, strict=True))
    ours, theirs = (statistics.median(times) * 1e6 for times in (client, by_hand))
    print(
        f"{pair.name:28} {ours:7.0f}us {theirs:7.0f}us {ratio:6.2f} {pair.target:5.1f}"
        f"{'' if ratio <= pair.target else '  missed'}",
        flush=True,
    )
    return int(ratio > pair.target)


async def repetitions(query: Query) -> int:
    once = await timed(query, 20)
    return max(20, int(SECONDS_A_ROUND / once))


async def timed(query: Query, repeat: int) -> float:
    started = time.perf_counter()
    for _ in range(repeat):
        await query()
    return (time.perf_counter() - started) / repeat


async def fill(connection: Any) -> None:
    await connection.execute(
        f"""
        INSERT INTO "Author" (email, name, age)
            SELECT 'author' || n || '@example.com', 'Author ' || n, 20 + n % 60
            FROM generate_series(1, {AUTHORS}) AS n;
        INSERT INTO "Book" (title, pages, "authorId")
            SELECT 'Book ' || n, 100 + n % 400, 1 + n % {AUTHORS}
            FROM generate_series(1, {BOOKS}) AS n;
        ANALYZE;
        """
    )


def pairs(package: Any, client: Any, connection: Any) -> list[Pair]:
    """The measured queries; by hand with asyncpg and the same pydantic models."""
    author, book = package.models.Author, package.models.Book
    columns = 'id, email, name, age, "createdAt"'
    book_columns = 'id, title, pages, published, "createdAt", "authorId"'
    one = f'SELECT {columns} FROM "Author" WHERE id = $1'
    many = f'SELECT {book_columns} FROM "Book" ORDER BY id LIMIT 50'
    three = (
        f'SELECT {columns} FROM "Author" WHERE age > $1 AND name LIKE $2 AND email <> $3 LIMIT 5'
    )
    include = f"""
        SELECT {columns}, (
            SELECT coalesce(json_agg(b), '[]') FROM (
                SELECT {book_columns} FROM "Book" WHERE "authorId" = "Author".id
            ) AS b
        ) AS books
        FROM "Author" ORDER BY id LIMIT 20
    """
    insert = f'INSERT INTO "Book" (title, pages, "authorId") VALUES ($1, $2, $3) RETURNING {book_columns}'

    async def find_unique_by_hand() -> Any:
        return author.model_validate(dict(await connection.fetchrow(one, 7)))

    async def find_many_by_hand() -> Any:
        return [book.model_validate(dict(row)) for row in await connection.fetch(many)]

    async def three_fields_by_hand() -> Any:
        rows = await connection.fetch(three, 30, "Author 1%", "nobody@example.com")
        return [author.model_validate(dict(row)) for row in rows]

    async def include_by_hand() -> Any:
        rows = await connection.fetch(include)
        return [author.model_validate({**row, "books": json.loads(row["books"])}) for row in rows]

    async def create_by_hand() -> Any:
        return book.model_validate(dict(await connection.fetchrow(insert, "New", 1, 7)))

    where = {"age": {"gt": 30}, "name": {"startswith": "Author 1"},
             "email": {"not": "nobody@example.com"}}  # fmt: skip
    new = {"title": "New", "pages": 1, "authorId": 7}
    return [
        Pair("find_unique", 1.4, lambda: client.author.find_unique(where={"id": 7}),
             find_unique_by_hand),
        Pair("find_many, 50 rows", 1.5, lambda: client.book.find_many(take=50, order={"id": "asc"}),
             find_many_by_hand),
        Pair("find_many, three fields", 1.6, lambda: client.author.find_many(where=where, take=5),
             three_fields_by_hand),
        Pair("find_many, include", 2.0,
             lambda: client.author.find_many(take=20, order={"id": "asc"}, include={"books": True}),
             include_by_hand),
        Pair("create", 1.8, lambda: client.book.create(data=new), create_by_hand),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
