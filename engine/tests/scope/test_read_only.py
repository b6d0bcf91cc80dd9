"""Read-only scopes: PostgreSQL refuses every write inside of them, and none after them."""

# ruff: noqa: PT012 - what raises is a block

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from faults.stepping import Moment, cancel_everywhere

from prisma_wasm import scoped
from prisma_wasm import stream as _stream

from .acting import as_user, assert_nothing_leaks, owners, pid, reading_as, setting
from .conftest import Connect

Act = Callable[[Any], Awaitable[object]]

stream: Any = _stream
_REFUSAL = "read-only transaction"
_ADA = {"owner": "ada", "text": "new"}
_INSERT = """INSERT INTO "Note" (owner, text) VALUES ('ada', 'new')"""


@pytest.fixture
async def db(connect: Connect, any_url: str) -> Any:
    """A client with one connection, so that each use follows on the last."""
    return await connect(any_url, connection_limit=1)


async def _texts(db: Any) -> list[str]:
    """What the notes of ada say."""
    with as_user("ada"):
        return [note.text for note in await db.note.find_many(order={"id": "asc"})]


async def assert_writable(db: Any) -> None:
    """The next scope writes, so nothing of a read-only one is left with the connection."""
    assert await _texts(db) == ["ada1", "ada2"]
    with as_user("ada"):
        assert await setting(db, "transaction_read_only") == "off"
        note = await db.note.create(data={"owner": "ada", "text": "written"})
        assert await db.execute_raw('DELETE FROM "Note" WHERE id = $1', note.id) == 1
    assert await setting(db, "default_transaction_read_only") == "off"


async def _nested(db: Any) -> None:
    lines = {"create": [{"owner": "ada", "text": "line"}]}
    await db.note.create(data={**_ADA, "lines": lines})


async def _nested_of_own_ids(db: Any) -> None:
    pages = {"create": [{"id": "p", "owner": "ada", "text": "page"}]}
    await db.book.create(data={"id": "b", "owner": "ada", "pages": pages})


async def _upsert(db: Any) -> None:
    where, data = {"text": "new"}, {"create": _ADA, "update": {"mood": "CROSS"}}
    await db.note.upsert(where=where, data=data)


async def _batch(db: Any) -> None:
    async with db.batch_() as batch:
        batch.note.find_many()
        batch.note.create(data=_ADA)


async def _raw_batch(db: Any) -> None:
    async with db.batch_() as batch:
        batch.execute_raw(_INSERT)


async def _transaction(db: Any) -> None:
    async with db.tx() as tx:
        await tx.note.create(data=_ADA)


async def _transaction_after_a_read(db: Any) -> None:
    async with db.tx() as tx:
        await tx.note.count()
        await tx.execute_raw(_INSERT)


WRITES: dict[str, Act] = {
    "create": lambda db: db.note.create(data=_ADA),
    "create_many": lambda db: db.note.create_many(data=[_ADA]),
    "update": lambda db: db.note.update(where={"text": "ada1"}, data={"text": "new"}),
    "update_many": lambda db: db.note.update_many(where={}, data={"mood": "CROSS"}),
    "delete": lambda db: db.note.delete(where={"text": "ada1"}),
    "delete_many": lambda db: db.note.delete_many(),
    "upsert": _upsert,
    "nested": _nested,
    "nested_of_own_ids": _nested_of_own_ids,
    "execute_raw": lambda db: db.execute_raw(_INSERT),
    "query_raw": lambda db: db.query_raw(f"{_INSERT} RETURNING id"),
    "query_first": lambda db: db.query_first(f"WITH new AS ({_INSERT} RETURNING id) TABLE new"),
    "parameters": lambda db: db.execute_raw('DELETE FROM "Note" WHERE text = $1', "ada1"),
    "sequence": lambda db: db.query_raw("""SELECT nextval('"Note_id_seq"')"""),
    "locks": lambda db: db.query_raw('SELECT id FROM "Note" FOR UPDATE'),
    "truncate": lambda db: db.execute_raw('TRUNCATE "Note"'),
    "table": lambda db: db.execute_raw("CREATE TEMPORARY TABLE made (id int)"),
    "dynamic": lambda db: db.execute_raw("""DO $$ BEGIN EXECUTE 'DELETE FROM "Note"'; END $$"""),
    "batch": _batch,
    "raw_batch": _raw_batch,
    "transaction": _transaction,
    "transaction_after_a_read": _transaction_after_a_read,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
async def test_writes_are_refused(db: Any, prisma: Any, write: Act) -> None:
    """By PostgreSQL, with an error that says why; the connection goes on, and writes for others."""
    process = await pid(db)
    for _ in range(3):  # the second time its statements are prepared
        with reading_as("ada"), pytest.raises(prisma.errors.DataError, match=_REFUSAL) as caught:
            await write(db)
        assert caught.value.meta["code"] == "25006"
        await assert_writable(db)
    assert await pid(db) == process
    await assert_nothing_leaks(db)


async def test_the_error_of_a_model(db: Any, prisma: Any) -> None:
    """It has PostgreSQL's code and words, in a sentence."""
    with reading_as("ada"), pytest.raises(prisma.errors.DataError) as caught:
        await db.note.create(data=_ADA)
    assert caught.value.code == "25006"
    assert str(caught.value) == (
        "The transaction is read-only, and PostgreSQL refused to write:"
        " cannot execute INSERT in a read-only transaction"
    )


async def test_prepared_writes_are_refused(db: Any, prisma: Any) -> None:
    """Also those that the connection has run before in a scope that writes."""
    with as_user("ada"):
        for n in range(2):
            await db.note.create(data={"owner": "ada", "text": f"more{n}"})
            await db.note.delete_many(where={"text": f"more{n}"})
            await db.execute_raw('DELETE FROM "Note" WHERE text = $1', "none")
    with reading_as("ada"):
        for write in ("create", "delete_many", "parameters"):
            with pytest.raises(prisma.errors.DataError, match=_REFUSAL):
                await WRITES[write](db)
    await assert_writable(db)


async def test_all_ways_to_read(db: Any) -> None:
    """They show what the scope's user may see, and each runs in a read-only transaction."""
    with as_user("ada"):
        lines = {"create": [{"owner": "ada", "text": str(n)} for n in range(2)]}
        await db.note.update(where={"text": "ada1"}, data={"lines": lines})
    for _ in range(2):
        with reading_as("ada"):
            assert await setting(db, "transaction_read_only") == "on"
            assert await owners(db) == ["ada"]
            found = await db.note.find_many(include={"lines": True}, order={"id": "asc"})
            assert [len(note.lines) for note in found] == [2, 0]
            assert await db.note.count() == len([each async for each in stream(db.note, batch=1)])
            assert (await db.note.find_unique(where={"text": "ada2"})).owner == "ada"
            assert await db.note.find_unique(where={"text": "ben2"}) is None
            assert await db.note.count(where={"text": {"in": ["ada1", "ben1"]}}) == 1
            async with db.batch_() as batch:
                texts, count = batch.note.find_many(), batch.note.count()
            assert len(texts.result()) == count.result() == 2
            async with db.tx() as tx:
                assert await setting(tx, "transaction_read_only") == "on"
                assert await owners(tx) == ["ada"]
        assert await db.note.count() == 0
    await assert_nothing_leaks(db)


async def test_a_stream_stays_read_only(db: Any) -> None:
    """Each of its pages is read in the scope in which it is awaited."""
    with reading_as("ada"):
        async for note in stream(db.note, batch=1):
            assert note.owner == "ada"
            with pytest.raises(Exception, match=_REFUSAL):
                await db.note.delete(where={"id": note.id})
    await assert_writable(db)


async def test_a_scope_inside(db: Any) -> None:
    """Of another user, it is read-only as the one around it."""
    with scoped({"transaction_read_only": "on"}):
        for name in ("ada", "ben"):
            with as_user(name):
                assert await owners(db) == [name]
                with pytest.raises(Exception, match=_REFUSAL):
                    await db.note.delete_many()
    with as_user("ada"):
        with reading_as("ben"), pytest.raises(Exception, match=_REFUSAL):
            await db.note.delete_many()
        assert await db.note.update_many(where={}, data={"mood": "CALM"}) == 2
    await assert_writable(db)


async def test_entered_inside_a_transaction(db: Any, prisma: Any) -> None:
    """The transaction can't write from then on, not even after the scope; the next one can."""
    for is_left in (True, False):
        process = await pid(db)
        with as_user("ada"), pytest.raises(prisma.errors.DataError, match=_REFUSAL):
            async with db.tx() as tx:
                await tx.note.update_many(where={}, data={"mood": "CROSS"})
                with reading_as("ada"):
                    assert await owners(tx) == ["ada"]
                    if not is_left:
                        await tx.note.delete_many()
                assert await owners(tx) == ["ada"]
                await tx.note.delete_many()
        assert await pid(db) == process
        await assert_writable(db)


async def test_what_came_before_is_committed(db: Any) -> None:
    """A read-only scope keeps nothing that the transaction wrote before it."""
    with as_user("ada"):
        async with db.tx() as tx:
            await tx.note.create(data=_ADA)
            with reading_as("ada"):
                assert await tx.note.count() == 3
    assert await _texts(db) == ["ada1", "ada2", "new"]


@pytest.mark.parametrize("moment", ["waiting", "done"])
@pytest.mark.parametrize("act", ["read", "create", "transaction_after_a_read", "batch"])
async def test_cancelled_at_every_await(db: Any, act: str, moment: Moment) -> None:
    """Wherever a task is cancelled, nothing is written, and the next scope writes."""
    acts: dict[str, Act] = WRITES | {"read": owners}

    async def operation() -> None:
        with reading_as("ada"):
            if act == "read":
                await owners(db)
                return
            with suppress(Exception):
                await acts[act](db)
                raise AssertionError("it was written")

    async def check() -> None:
        await assert_writable(db)

    async def before() -> None:
        with as_user("ben"):
            assert await owners(db) == ["ben"]

    assert await cancel_everywhere(operation, check, moment, before=before) > 1


@pytest.mark.parametrize("sql", ["SELECT 1 / 0", "nonsense", "VACUUM"])
async def test_errors(db: Any, prisma: Any, sql: str) -> None:
    """After one the connection reads on in the scope, and writes in the next."""
    for _ in range(2):
        with reading_as("ada"):
            with pytest.raises(prisma.errors.PrismaError):
                await db.query_raw(sql)
            assert await owners(db) == ["ada"]
            with pytest.raises(prisma.errors.DataError, match=_REFUSAL):
                await db.execute_raw(_INSERT)
        await assert_writable(db)


async def test_tables_change(db: Any, superuser: Any, prisma: Any) -> None:
    """A statement that is prepared and run again stays read-only."""
    query = """UPDATE "Note" SET mood = 'CROSS' RETURNING *"""
    with as_user("ada"):
        assert len(await db.query_raw(query)) == 2
    for change in ("ADD COLUMN more text", "DROP COLUMN more"):
        with reading_as("ada"):
            assert len(await db.query_raw('SELECT * FROM "Note"')) == 2
        await superuser.execute_raw(f'ALTER TABLE "Note" {change}')
        with reading_as("ada"):
            with pytest.raises(prisma.errors.DataError, match=_REFUSAL):
                await db.query_raw(query)
            assert len(await db.query_raw('SELECT * FROM "Note"')) == 2
        with as_user("ada"):
            assert len(await db.query_raw(query)) == 2


async def test_a_connection_that_is_cut(db: Any, superuser: Any, prisma: Any) -> None:
    """A new connection is read-only for whoever asks so."""
    with reading_as("ada"):
        process = await pid(db)
        await superuser.query_raw("SELECT pg_terminate_backend($1::int)", process)
        for _ in range(50):
            with suppress(prisma.errors.PrismaError):
                assert await owners(db) == ["ada"]
                break
            await asyncio.sleep(0.02)
        assert await pid(db) != process
        with pytest.raises(prisma.errors.DataError, match=_REFUSAL):
            await db.execute_raw(_INSERT)
    await assert_writable(db)


@pytest.mark.parametrize("connections", [1, 2])
async def test_many_tasks(connect: Connect, any_url: str, connections: int) -> None:
    """Those that read and those that write share connections; each has what its scope says."""
    db = await connect(any_url, connection_limit=connections, pool_timeout=60)

    async def read(name: str) -> None:
        with reading_as(name):
            for _ in range(8):
                assert (await owners(db), await db.note.count()) == ([name], 2)
                with pytest.raises(Exception, match=_REFUSAL):
                    await db.line.create(data={"owner": name, "text": "x", "noteId": 1})
                with pytest.raises(Exception, match=_REFUSAL):
                    await db.execute_raw('DELETE FROM "Note"')
                await asyncio.gather(owners(db), db.note.count(), setting(db))

    async def write(name: str) -> None:
        with as_user(name):
            for n in range(8):
                note = await db.note.create(data={"owner": name, "text": f"{name} {n}"})
                async with db.tx(max_wait=timedelta(seconds=60)) as tx:
                    await tx.note.update(where={"id": note.id}, data={"mood": "CROSS"})
                async with db.batch_() as batch:
                    batch.note.delete(where={"id": note.id})

    names = ("cid", "dora", "eve")
    await asyncio.gather(*map(read, ("ada", "ben") * 2), *map(write, names))
    assert await setting(db, "transaction_read_only") == "off"
