"""Whatever happens to a query, no other one runs with its settings, and each with its own."""

# ruff: noqa: PT012 - what raises is a block

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from datetime import timedelta
from itertools import permutations, product
from typing import Any

import pytest
from faults.stepping import Moment, cancel_everywhere

from .acting import as_user, assert_nothing_leaks, owners, pid, setting
from .conftest import Connect

Act = Callable[[Any], Awaitable[object]]


async def _read(db: Any) -> None:
    await db.note.find_many(include={"lines": True})


async def _raw(db: Any) -> None:
    await db.query_raw("SELECT $1::text", "x")


async def _write_nested(db: Any) -> None:
    lines = {"create": [{"owner": "ben", "text": "line"}]}
    await db.note.create(data={"owner": "ben", "text": "nested", "lines": lines})
    await db.note.delete(where={"text": "nested"})


async def _batch(db: Any) -> None:
    async with db.batch_() as batch:
        batch.note.update_many(where={}, data={"mood": "CROSS"})
        batch.execute_raw("SET LOCAL app.user_id = 'ada'")


async def _commit(db: Any) -> None:
    async with db.tx() as tx:
        await tx.note.update_many(where={}, data={"mood": "CROSS"})
        with as_user("ada"):
            await tx.note.count()
        await tx.note.count()


async def _roll_back(db: Any) -> None:
    with suppress(ZeroDivisionError):
        async with db.tx() as tx:
            await tx.note.delete_many()
            with as_user("ada"):
                await tx.note.delete_many()
            raise ZeroDivisionError


async def _set(db: Any) -> None:
    async with db.tx() as tx:
        await tx.execute_raw("SET LOCAL app.user_id = 'ada'")
        await tx.note.count()
        await tx.execute_raw("SELECT set_config('app.user_id', 'ada', true)")
        await tx.note.count()


@pytest.mark.parametrize("moment", ["waiting", "done"])
@pytest.mark.parametrize("act", [_read, _raw, _write_nested, _batch, _commit, _roll_back, _set])
async def test_cancelled_at_every_await(db: Any, act: Act, moment: Moment) -> None:
    """Wherever a task is cancelled that changes a connection's settings."""

    async def before() -> None:
        with as_user("ada"):
            assert await owners(db) == ["ada"]

    async def operation() -> None:
        with as_user("ben"):
            await act(db)

    async def check() -> None:
        await assert_nothing_leaks(db)
        with as_user("ben"):
            await db.note.delete_many(where={"text": "nested"})

    assert await cancel_everywhere(operation, check, moment, before=before) > 1


@pytest.mark.parametrize("sql", ["SELECT 1 / 0", "nonsense", 'INSERT INTO "Note" VALUES (NULL)'])
async def test_errors(db: Any, prisma: Any, sql: str) -> None:
    """An error, alone, in a batch and in a transaction."""

    async def alone() -> None:
        await db.execute_raw(sql)

    async def in_batch() -> None:
        async with db.batch_() as batch:
            batch.execute_raw("SET app.user_id = 'ben'")
            batch.execute_raw(sql)

    async def in_transaction() -> None:
        async with db.tx() as tx:
            await tx.execute_raw(sql)

    for act, name in product((alone, in_batch, in_transaction), ("ada", "ben")):
        with as_user("ada"):
            assert await owners(db) == ["ada"]
        with as_user(name):  # which the connection has, or is to get with the query that fails
            with pytest.raises(prisma.errors.PrismaError):
                await act()
            assert await owners(db) == [name]
        await assert_nothing_leaks(db)


async def test_tables_change(db: Any, superuser: Any) -> None:
    """A query that is done again after its table changed is done again in its scope."""
    change = ("ADD COLUMN more text", "DROP COLUMN more")

    async def read(db: Any) -> list[str]:
        return sorted({row["owner"] for row in await db.query_raw('SELECT * FROM "Note"')})

    async def in_batch(db: Any) -> list[str]:
        async with db.batch_() as batch:
            batch.note.update_many(where={}, data={"mood": "CROSS"})
        return await read(db)

    for act, alteration in product((read, in_batch), change):
        with as_user("ada"):
            assert await act(db) == ["ada"]
        await superuser.execute_raw(f'ALTER TABLE "Note" {alteration}')
        with as_user("ben"):
            assert await act(db) == ["ben"]
        assert await act(db) == []
        await assert_nothing_leaks(db)


@pytest.mark.parametrize("limit", ["while idle", "while running"])
async def test_an_expired_transaction(db: Any, prisma: Any, limit: str) -> None:
    """The time of a transaction is over while it has settings of its own."""
    with as_user("ada"), pytest.raises(prisma.errors.PrismaError):
        async with db.tx(timeout=timedelta(milliseconds=100)) as tx:
            with as_user("ben"):
                assert await owners(tx) == ["ben"]
                if limit == "while running":
                    await tx.query_raw("SELECT pg_sleep(600)::text")
                await asyncio.sleep(0.3)
                await tx.note.count()
    await assert_nothing_leaks(db)


async def test_a_commit_that_is_refused(db: Any, prisma: Any, superuser: Any) -> None:
    """A COMMIT that a deferred constraint turns into a rollback."""
    await superuser.execute_raw("CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    try:
        await superuser.execute_raw("GRANT ALL ON late TO PUBLIC")
        with as_user("ada"), pytest.raises(prisma.errors.PrismaError):
            async with db.tx() as tx:
                with as_user("ben"):
                    await tx.execute_raw("INSERT INTO late VALUES (1), (1)")
        await assert_nothing_leaks(db)
    finally:
        await superuser.execute_raw("DROP TABLE late")


async def test_a_query_that_takes_too_long(connect: Connect, prisma: Any, mode: str) -> None:
    """The connection's limit ends a query inside of a scope."""
    db = await connect(connection_limit=1, socket_timeout=1, session_settings=mode)
    with as_user("ada"), pytest.raises(prisma.errors.PrismaError):
        await db.query_raw("SELECT pg_sleep(600)::text")
    await assert_nothing_leaks(db)


async def test_a_connection_that_is_cut(db: Any, prisma: Any, superuser: Any) -> None:
    """A new connection has the settings of whoever asks first."""
    for _ in range(3):
        with as_user("ada"):
            process = await pid(db)
            await superuser.query_raw("SELECT pg_terminate_backend($1::int)", process)
            for _attempt in range(50):
                try:
                    assert await owners(db) == ["ada"]
                    break
                except prisma.errors.PrismaError:
                    await asyncio.sleep(0.02)
            assert await pid(db) != process
        await assert_nothing_leaks(db)


async def test_more_users_than_connections(connect: Connect, mode: str) -> None:
    """Fifty users at once on two connections each see what is theirs."""
    db = await connect(connection_limit=2, pool_timeout=60, session_settings=mode)

    async def act(name: str) -> None:
        with as_user(name):
            await db.note.create(data={"owner": name, "text": name})
            for _ in range(4):
                assert (await setting(db), await owners(db)) == (name, [name])
                async with db.tx(max_wait=timedelta(seconds=60)) as tx:
                    assert (await setting(tx), await owners(tx)) == (name, [name])
                async with db.batch_() as batch:
                    batch.note.update_many(where={}, data={"mood": "CROSS"})

    async def look() -> None:
        for _ in range(20):
            assert (await setting(db), await owners(db)) == ("", [])

    await asyncio.gather(*(act(f"user{n}") for n in range(50)), look(), look())


async def test_a_warm_connection_is_preferred(connect: Connect) -> None:
    """Who comes again gets the connection that has their settings, and nothing is sent for it."""
    db = await connect(connection_limit=4)
    names = ["ada", "ben", "cid", None]
    processes: dict[str | None, int] = {}

    async def hold(name: str | None) -> None:
        with as_user(name) if name else nullcontext():
            row = await db.query_first("SELECT pg_backend_pid() AS pid, pg_sleep(1)::text")
            processes[name] = row["pid"]

    await asyncio.gather(*(hold(name) for name in names))
    assert len(set(processes.values())) == 4
    for turn in permutations(names):
        for name in turn:
            with as_user(name) if name else nullcontext():
                assert await pid(db) == processes[name]
