"""Queries through the client, against the best that one writes by hand with asyncpg and pydantic."""

import importlib
import json
import statistics
import time
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from prisma_wasm.wire import Wire

from . import timing
from .timing import Query

AUTHORS, BOOKS = 1_000, 5_000
OVERHEAD_TARGET = 30.0

AUTHOR = 'id, email, name, age, "createdAt"'
BOOK = 'id, title, pages, published, "createdAt", "authorId"'
ONE = f'SELECT {AUTHOR} FROM "Author" WHERE id = $1'
MANY = f'SELECT {BOOK} FROM "Book" ORDER BY id LIMIT 50'
THREE = f'SELECT {AUTHOR} FROM "Author" WHERE age > $1 AND name LIKE $2 AND email <> $3 ORDER BY id LIMIT 5'
INSERT = f'INSERT INTO "Book" (title, pages, "authorId") VALUES ($1, $2, $3) RETURNING {BOOK}'
FIRST = f'SELECT {AUTHOR} FROM "Author" ORDER BY id LIMIT 20'
WITH_BOOKS = f"""
    SELECT {AUTHOR}, (
        SELECT coalesce(json_agg(b), '[]')
        FROM (SELECT {BOOK} FROM "Book" WHERE "authorId" = "Author".id) AS b
    ) AS books
    FROM "Author" ORDER BY id LIMIT 20
"""
DOCUMENT = f"SELECT coalesce(json_agg(a), '[]') FROM ({WITH_BOOKS}) AS a"
JOIN = f"""
    SELECT a.id, a.email, a.name, a.age, a."createdAt",
        b.id, b.title, b.pages, b.published, b."createdAt", b."authorId"
    FROM ({FIRST}) AS a LEFT JOIN "Book" AS b ON b."authorId" = a.id ORDER BY a.id
"""
THEIR_BOOKS = f'SELECT {BOOK} FROM "Book" WHERE "authorId" = ANY($1)'


@dataclass
class Comparison:
    """One query through the client, and the ways to write it by hand."""

    name: str
    target: float
    client: Query
    by_hand: list[Query]


async def measure(url: str, rounds: int, only: str) -> int:
    """Print a line for each query; how many miss their aim."""
    package: Any = importlib.import_module("bench._client")
    client = package.Prisma(use_dotenv=False, datasource={"url": f"{url}?connection_limit=1"})
    asyncpg: Any = importlib.import_module("asyncpg")  # it has no types
    connection = await asyncpg.connect(url)
    await fill(connection)
    await client.connect()
    missed = 0
    print(f"{'query':28} {'client':>9} {'by hand':>9} {'ratio':>6} {'aim':>6}")
    try:
        for comparison in comparisons(package, client, connection):
            if only in comparison.name:
                missed += await compare(comparison, rounds)
        missed += await before_sql(client)
    finally:
        await client.disconnect()
        await connection.close()
    return missed


async def compare(comparison: Comparison, rounds: int) -> int:
    """Print one line; 1 if the aim is missed."""
    ours, *theirs = await timing.in_turns([comparison.client, *comparison.by_hand], rounds)
    best = min(theirs, key=statistics.median)
    ratio = statistics.median(a / b for a, b in zip(ours, best, strict=True))
    client, by_hand = (statistics.median(times) * 1e6 for times in (ours, best))
    print(
        f"{comparison.name:28} {client:7.0f}us {by_hand:7.0f}us {ratio:6.2f} {comparison.target:6.1f}"
        f"{'' if ratio <= comparison.target else '  missed'}",
        flush=True,
    )
    return int(ratio > comparison.target)


async def before_sql(client: Any) -> int:
    """Print what a query of a known plan costs until its statement is written to the connection."""
    write = Wire.write
    written_at: list[float] = []

    def note_time(self: Wire, data: Any) -> None:
        written_at.append(time.perf_counter())
        write(self, data)

    Wire.write = note_time
    try:
        seconds = await timing.until(three_fields(client), written_at, 2_000)
    finally:
        Wire.write = write
    taken = seconds * 1e6
    verdict = "" if taken <= OVERHEAD_TARGET else "  missed"
    print(
        f"{'before SQL, three fields':28} {taken:7.1f}us {'':9} {'':6} {OVERHEAD_TARGET:4.0f}us{verdict}"
    )
    return int(taken > OVERHEAD_TARGET)


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


def three_fields(client: Any) -> Query:
    where = {
        "age": {"gt": 30},
        "name": {"startswith": "Author 1"},
        "email": {"not": "nobody@example.com"},
    }
    return lambda: client.author.find_many(where=where, take=5, order={"id": "asc"})


def comparisons(package: Any, client: Any, connection: Any) -> list[Comparison]:
    """The measured queries; by hand with the client's own pydantic models."""
    author, book = package.models.Author, package.models.Book

    async def one() -> Any:
        return author.model_validate(dict(await connection.fetchrow(ONE, 7)))

    async def many() -> Any:
        return [book.model_validate(dict(row)) for row in await connection.fetch(MANY)]

    async def three() -> Any:
        rows = await connection.fetch(THREE, 30, "Author 1%", "nobody@example.com")
        return [author.model_validate(dict(row)) for row in rows]

    async def create() -> Any:
        return book.model_validate(dict(await connection.fetchrow(INSERT, "New", 1, 7)))

    new = {"title": "New", "pages": 1, "authorId": 7}
    return [
        Comparison("find_unique", 1.4, lambda: client.author.find_unique(where={"id": 7}), [one]),
        Comparison("find_many, 50 rows", 1.5,
                   lambda: client.book.find_many(take=50, order={"id": "asc"}), [many]),
        Comparison("find_many, three fields", 1.6, three_fields(client), [three]),
        Comparison("find_many, include", 2.0,
                   lambda: client.author.find_many(take=20, order={"id": "asc"},
                                                   include={"books": True}),
                   with_books(author, connection)),
        Comparison("create", 1.8, lambda: client.book.create(data=new), [create]),
    ]  # fmt: skip


def with_books(author: Any, connection: Any) -> list[Query]:
    """Authors with their books: as JSON in part or as a whole, by a join, and by two queries."""
    adapter: Any = TypeAdapter  # of a type that is known only when it runs
    authors = adapter(list[author])

    async def aggregated() -> Any:
        rows = await connection.fetch(WITH_BOOKS)
        return [author.model_validate({**row, "books": json.loads(row["books"])}) for row in rows]

    async def one_document() -> Any:
        return authors.validate_json(await connection.fetchval(DOCUMENT))

    async def joined() -> Any:
        found: dict[int, dict[str, Any]] = {}
        for row in await connection.fetch(JOIN):
            number, email, name, age, created, *book = row
            if number not in found:
                found[number] = {"id": number, "email": email, "name": name, "age": age,
                                 "createdAt": created, "books": []}  # fmt: skip
            if book[0] is not None:
                names = ("id", "title", "pages", "published", "createdAt", "authorId")
                found[number]["books"].append(dict(zip(names, book, strict=True)))
        return [author.model_validate(item) for item in found.values()]

    async def two_queries() -> Any:
        found: dict[int, Any] = {
            row["id"]: {**row, "books": []} for row in await connection.fetch(FIRST)
        }
        for row in await connection.fetch(THEIR_BOOKS, list(found)):
            found[row["authorId"]]["books"].append(dict(row))
        return [author.model_validate(item) for item in found.values()]

    return [aggregated, one_document, joined, two_queries]
