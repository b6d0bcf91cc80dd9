"""Ways around a read-only scope, none of which gets a write through."""

# ruff: noqa: PT012 - what raises is a block

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from .acting import as_user, owners, reading_as, setting
from .conftest import Connect

_REFUSAL = "read-only transaction"
_DELETE = 'DELETE FROM "Note"'
# What would let a transaction write again, begins another, or ends it.
WAYS_BACK = [
    "SET TRANSACTION READ WRITE",
    "SET LOCAL transaction_read_only = off",
    "SET transaction_read_only TO off",
    "/* a comment */ SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
    "SELECT set_config('transaction_read_only', 'off', true)",
    "SELECT set_config('transaction_read_only', 'off', false)",
    "RESET transaction_read_only",
    "RESET ALL",
    "SET transaction_read_only TO DEFAULT",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); END $$",
    "DO $$ BEGIN SET TRANSACTION READ WRITE; EXCEPTION WHEN OTHERS THEN NULL; END $$",
    "COMMIT",
    "END",
    "ROLLBACK",
    "ABORT",
    "COMMIT AND CHAIN",
    "ROLLBACK AND CHAIN",
    "PREPARE TRANSACTION 'read_only'",
    "BEGIN",
    "START TRANSACTION READ WRITE",
    "DISCARD ALL",
    "DEALLOCATE ALL",
]  # fmt: skip


@pytest.fixture
async def db(connect: Connect, any_url: str) -> Any:
    """A client with one connection, so that each use follows on the last."""
    return await connect(any_url, connection_limit=1)


@pytest.fixture(autouse=True, scope="module")
def functions(server: Any, owner_url: str) -> None:
    """Functions that write: with their owner's rights, and with a setting of their own."""
    database = owner_url.rpartition("/")[2].partition("?")[0]
    body = f"LANGUAGE plpgsql AS $$ BEGIN {_DELETE}; RETURN 'deleted'; END $$"
    for name, options in (
        ("delete_as_owner", "SECURITY DEFINER"),
        ("delete_as_caller", "VOLATILE"),
        ("delete_with_setting", "SET default_transaction_read_only = off"),
    ):
        server.execute(f"CREATE FUNCTION {name}() RETURNS text {options} {body}", database)


async def assert_all_there(superuser: Any) -> None:
    """Nobody's notes are gone."""
    assert await superuser.note.count() == 4


@pytest.mark.parametrize("sql", WAYS_BACK)
async def test_alone(db: Any, superuser: Any, sql: str) -> None:
    """A raw statement for itself changes nothing for those after it."""
    with reading_as("ada"):
        with suppress(Exception):
            await db.execute_raw(sql)
        with pytest.raises(Exception, match=_REFUSAL):
            await db.execute_raw(_DELETE)
        assert await setting(db, "transaction_read_only") == "on"
    await assert_all_there(superuser)


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("sql", WAYS_BACK)
async def test_in_a_batch(db: Any, superuser: Any, sql: str, is_first: bool) -> None:
    """What follows it in a batch is refused, also at the beginning, where a mode may be set."""
    with reading_as("ada"):
        with pytest.raises(Exception, match=r".+"):
            async with db.batch_() as batch:
                if not is_first:
                    batch.note.count()
                batch.execute_raw(sql)
                batch.execute_raw(_DELETE)
        assert await owners(db) == ["ada"]
    await assert_all_there(superuser)


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("sql", WAYS_BACK)
async def test_in_a_transaction(db: Any, superuser: Any, sql: str, is_first: bool) -> None:
    """So is what follows it in a transaction, whether the statement itself was taken or not."""
    with reading_as("ada"):
        with suppress(Exception):
            async with db.tx() as tx:
                if not is_first:
                    await tx.note.count()
                with suppress(Exception):
                    await tx.execute_raw(sql)
                with pytest.raises(Exception, match=r".+"):
                    await tx.execute_raw(_DELETE)
                with pytest.raises(Exception, match=r".+"):
                    await tx.note.delete_many()
        assert await owners(db) == ["ada"]
    await assert_all_there(superuser)
    with as_user("ada"):
        assert await setting(db, "transaction_read_only") == "off"


async def test_a_transaction_that_a_raw_statement_ended(db: Any, prisma: Any) -> None:
    """Nothing runs in a read-only scope after it, not even what ends a prepared transaction."""
    for sql in ("SELECT 1", "COMMIT PREPARED 'other'", "ROLLBACK"):
        with reading_as("ada"), pytest.raises(prisma.errors.PrismaError, match="ended by a raw"):
            async with db.tx() as tx:
                await tx.note.count()
                await tx.execute_raw("COMMIT")
                await tx.execute_raw(sql)


@pytest.mark.parametrize("end", ["RELEASE", "ROLLBACK TO"])
async def test_savepoints(db: Any, superuser: Any, end: str) -> None:
    """PostgreSQL writes again when a savepoint ends; the scope's next query is read-only again."""
    with as_user("ada"), pytest.raises(Exception, match=_REFUSAL):
        async with db.tx() as tx:
            await tx.execute_raw("SAVEPOINT here")
            with reading_as("ada"):
                assert await owners(tx) == ["ada"]
                await tx.execute_raw(f"{end} here")
                await tx.execute_raw(_DELETE)
    await assert_all_there(superuser)


@pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
@pytest.mark.parametrize("is_kept", [True, False])
async def test_nested_transactions(db: Any, superuser: Any, is_kept: bool) -> None:
    """The outer one may write after the one in it that read, and not in a read-only scope."""
    with as_user("ada"):
        for writes_between in (True, False):
            with pytest.raises(Exception, match=_REFUSAL):
                async with db.tx() as tx:
                    with suppress(LookupError):
                        async with tx.tx() as inner:
                            with reading_as("ada"):
                                assert await owners(inner) == ["ada"]
                            if not is_kept:
                                raise LookupError
                    if writes_between:
                        assert await tx.note.update_many(where={}, data={"mood": "CROSS"}) == 2
                    with reading_as("ada"):
                        await tx.note.delete_many()
        async with db.tx() as tx:
            with pytest.raises(Exception, match=_REFUSAL):
                async with tx.tx() as inner:
                    with reading_as("ada"):
                        await inner.note.delete_many()
            assert await tx.note.update_many(where={}, data={"mood": "CROSS"}) == 2
    await assert_all_there(superuser)


@pytest.mark.parametrize("name", ["delete_as_owner", "delete_as_caller", "delete_with_setting"])
async def test_functions(db: Any, superuser: Any, name: str) -> None:
    """A function may write only where its caller may, whoever owns it."""
    with reading_as("ada"):
        with pytest.raises(Exception, match=_REFUSAL):
            await db.query_raw(f"SELECT {name}()")
        with pytest.raises(Exception, match=_REFUSAL):
            async with db.tx() as tx:
                await tx.query_raw(f"SELECT {name}()")
    await assert_all_there(superuser)
    with as_user("ada"):
        assert await db.query_raw(f"SELECT {name}() AS done") == [{"done": "deleted"}]


async def test_what_postgresql_allows(db: Any) -> None:
    """A temporary table that is there already, a lock without a row, a message, a setting."""
    with as_user("ada"):
        async with db.tx() as tx:
            await tx.execute_raw("CREATE TEMPORARY TABLE draft (id int) ON COMMIT DROP")
            with reading_as("ada"):
                assert await tx.execute_raw("INSERT INTO draft VALUES (1), (2)") == 2
                await tx.query_raw("SELECT pg_advisory_xact_lock(1)::text")
                await tx.query_raw("SELECT pg_notify('channel', 'text')::text")
                await tx.query_raw("SELECT set_config('app.other', 'x', true)")
                assert await tx.query_raw("SELECT id FROM draft") == [{"id": 1}, {"id": 2}]
