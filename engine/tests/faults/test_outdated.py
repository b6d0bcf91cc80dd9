"""The schema changes while queries run: what was prepared before costs no request."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from .acting import Connect, Observer, all_at_rest, until

_CHANGES = {
    "a type": [
        'ALTER TABLE "Account" ALTER COLUMN balance TYPE bigint',
        'ALTER TABLE "Account" ALTER COLUMN balance TYPE int',
    ],
    "a column": [
        'ALTER TABLE "Account" ADD COLUMN extra text',
        'ALTER TABLE "Account" DROP COLUMN extra',
    ],
    "an enum": [
        """
        ALTER TABLE "Account" ALTER COLUMN kind DROP DEFAULT;
        ALTER TYPE "Kind" RENAME TO "Old";
        CREATE TYPE "Kind" AS ENUM ('CHECKING', 'SAVINGS');
        ALTER TABLE "Account" ALTER COLUMN kind TYPE "Kind" USING kind::text::"Kind";
        ALTER TABLE "Account" ALTER COLUMN kind SET DEFAULT 'CHECKING';
        DROP TYPE "Old"
        """,
    ],
}


def _uses(db: Any) -> list[Callable[[int], Coroutine[Any, Any, Any]]]:
    async def nested(number: int) -> None:
        entries = {"create": [{"amount": 1}]}
        await db.account.create(data={"owner": f"n{number}", "entries": entries})

    async def batch(number: int) -> None:
        async with db.batch_() as made:
            made.account.create(data={"owner": f"b{number}", "kind": "SAVINGS"})
            made.account.update_many(where={"owner": "none"}, data={"balance": {"increment": 1}})

    return [
        lambda _: db.account.find_many(where={"kind": "SAVINGS", "balance": {"gte": 0}}, take=5),
        lambda _: db.account.find_first(include={"entries": True}),
        lambda _: db.account.update_many(where={"kind": "CHECKING"}, data={"balance": 7}),
        lambda _: db.query_raw('SELECT * FROM "Account" LIMIT 3'),
        lambda _: db.query_raw(
            'SELECT id FROM "Account" WHERE kind = ANY($1::"Kind"[])', ["SAVINGS"]
        ),
        nested,
        batch,
    ]


@pytest.mark.parametrize("changes", _CHANGES.values(), ids=_CHANGES.keys())
async def test_changes_under_load(connect: Connect, observer: Observer, changes: list[str]) -> None:
    """Tables and types change again and again, and no request outside of a transaction fails."""
    db = await connect(connection_limit=4, pool_timeout=60)
    await db.account.create_many(data=[{"owner": str(n)} for n in range(20)])
    uses = _uses(db) * 2
    counts = [0] * len(uses)
    is_over = False

    async def load(use: Callable[[int], Coroutine[Any, Any, Any]], number: int) -> None:
        while not is_over:
            await use(number * 10**6 + counts[number])
            counts[number] += 1

    tasks = [asyncio.create_task(load(use, number)) for number, use in enumerate(uses)]

    async def all_went_on(since: list[int]) -> bool:
        for task in tasks:
            if task.done():
                task.result()
        return all(count > before for count, before in zip(counts, since, strict=True))

    for _ in range(8):
        for change in changes:
            await observer.sql.execute(change)
            since = list(counts)  # each of them, so that no query meets many changes in a row
            await until(lambda since=since: all_went_on(since), "every query works after it")
    is_over = True
    await asyncio.gather(*tasks)
    await all_at_rest(db)


async def test_within_a_transaction(connect: Connect, observer: Observer, prisma: Any) -> None:
    """There the caller is told: what the transaction did before can't be done again for it."""
    db = await connect(connection_limit=1)
    select = 'SELECT * FROM "Account"'
    await db.query_raw(select)
    manager = db.tx()
    tx = await manager.start()
    await observer.sql.execute('ALTER TABLE "Account" ADD COLUMN extra text')
    try:
        with pytest.raises(prisma.errors.RawQueryError) as caught:
            await tx.query_raw(select)
        assert caught.value.meta["code"] == "0A000"
        await manager.rollback()
        assert await db.query_raw(select) == []
    finally:
        await observer.sql.execute('ALTER TABLE "Account" DROP COLUMN extra')


async def test_dropped_statements(connect: Connect) -> None:
    """After a raw DEALLOCATE ALL or DISCARD ALL statements are prepared again."""
    db = await connect(connection_limit=1)
    for command in ("DEALLOCATE ALL", "DISCARD ALL"):
        assert await db.account.count() == 0
        await db.execute_raw(command)
        assert await db.account.count() == 0
        async with db.batch_() as batch:
            batch.account.delete_many()


async def test_a_write_is_not_repeated(connect: Connect, observer: Observer) -> None:
    """A write whose returned row can't be read has happened, and happens once."""
    db = await connect(connection_limit=1)
    await observer.sql.execute("CREATE TYPE pair AS (a int); CREATE TABLE pairs (value pair)")
    try:
        insert = "INSERT INTO pairs VALUES (ROW(1)) RETURNING value"
        await db.query_raw(insert)
        await observer.sql.execute("ALTER TYPE pair ADD ATTRIBUTE b int CASCADE")
        insert = "INSERT INTO pairs VALUES (ROW(1, 2)) RETURNING value"
        await asyncio.gather(db.query_raw(insert), return_exceptions=True)

        assert await observer.sql.fetchval("SELECT count(*) FROM pairs") == 2
        assert await db.account.count() == 0
    finally:
        await observer.sql.execute("DROP TABLE pairs; DROP TYPE pair")
