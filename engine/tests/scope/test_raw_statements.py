"""Raw statements that change a session: nobody after them, and no scope, meets what they did."""

from contextlib import suppress
from typing import Any

import pytest

from prisma_wasm import scoped
from prisma_wasm.settings import may_change_settings

from .acting import as_user, assert_nothing_leaks, owners, pid, setting
from .conftest import Connect

IN_A_SESSION = [
    "SET app.user_id = 'cid'",
    "set session app.user_id to 'cid'",
    "/* a /* nested */ select */ SET app.user_id = 'cid'",
    "-- select\nSET app.user_id = 'cid'",
    "RESET app.user_id",
    "RESET ALL",
    "SELECT set_config('app.user_id', 'cid', false)",
    "SELECT pg_catalog.SET_CONFIG('app.user_id', 'cid', false)",
    "(SELECT \"set_config\"('app.user_id', 'cid', false))",
    "SELECT U&\"set\\005fconfig\"('app.user_id', 'cid', false)",
    "WITH c AS (SELECT set_config('app.user_id', 'cid', false)) SELECT * FROM c",
    "EXPLAIN ANALYZE SELECT set_config('app.user_id', 'cid', false)",
    "DO $$ BEGIN PERFORM set_config('app.user_id', 'cid', false); END $$",
    "DO $$ BEGIN EXECUTE 'SET app.' || 'user_id = ''cid'''; END $$",
    "CALL become_cid()",
    "SET ROLE pg_read_all_data",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET row_security = off",
    "DEALLOCATE ALL",
]  # fmt: skip
ONLY_OUTSIDE = ["DISCARD ALL"]


@pytest.fixture(autouse=True, scope="module")
def procedure(server: Any, owner_url: str, url: str) -> None:
    """A procedure that hides its SET, and a role that the tests' role is a member of."""
    role = url.partition("//")[2].partition(":")[0]
    server.execute(
        f"""
        CREATE PROCEDURE become_cid() LANGUAGE sql
            AS $$ SELECT set_config('app.user_id', 'cid', false) $$;
        GRANT pg_read_all_data TO {role};
        """,
        owner_url.rpartition("/")[2],
    )


@pytest.mark.parametrize("sql", IN_A_SESSION + ONLY_OUTSIDE)
async def test_alone(single: Any, sql: str) -> None:
    """Outside of a scope and inside of one."""
    with as_user("ada"):
        assert await owners(single) == ["ada"]
    await single.execute_raw(sql)
    await assert_nothing_leaks(single)
    with as_user("ada"):
        process = await pid(single)
        await single.query_raw(sql)
        assert (await setting(single), await owners(single)) == ("ada", ["ada"])
    await assert_nothing_leaks(single)
    assert await pid(single) == process


@pytest.mark.parametrize("sql", IN_A_SESSION)
@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
async def test_in_a_transaction(single: Any, sql: str, end: str) -> None:
    """Its next query has the scope's settings again, and what comes after it has its own."""
    with as_user("ada"):
        transaction = single.tx()
        tx = await transaction.start()
        await tx.execute_raw(sql)
        assert await setting(tx) == "ada"
        with as_user("ben"):
            await tx.execute_raw(sql)
            assert await setting(tx) == "ben"
        await tx.execute_raw(sql)
        await (transaction.commit() if end == "COMMIT" else transaction.rollback())
        assert (await setting(single), await owners(single)) == ("ada", ["ada"])
    await assert_nothing_leaks(single)


@pytest.mark.parametrize("sql", IN_A_SESSION)
async def test_in_a_batch(single: Any, sql: str) -> None:
    """A batch's statements have effect within it, and not after it."""
    with as_user("ada"):
        async with single.batch_() as batch:
            batch.execute_raw('UPDATE "Note" SET mood = mood')
            batch.execute_raw(sql)
        assert (await setting(single), await owners(single)) == ("ada", ["ada"])
    await assert_nothing_leaks(single)


@pytest.mark.parametrize("sql", ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN"])
async def test_an_end_of_the_callers_own(single: Any, sql: str) -> None:
    """A transaction that a raw statement ends goes on with the settings of its scope."""
    async with single.tx() as tx:
        for name in ("ada", "ben"):
            with as_user(name):
                assert await owners(tx) == [name]
                await tx.execute_raw(sql)
                assert (await setting(tx), await owners(tx)) == (name, [name])
    await assert_nothing_leaks(single)


async def test_savepoints(db: Any, prisma: Any) -> None:
    """Going back to a savepoint takes back settings, which are sent again."""
    async with db.tx() as tx:
        await tx.execute_raw("SAVEPOINT here")
        for _ in range(2):
            with as_user("ada"):
                assert await owners(tx) == ["ada"]
                with pytest.raises(prisma.errors.RawQueryError):
                    await tx.query_raw("SELECT 1 / 0")
                await tx.execute_raw("ROLLBACK TO here")
                assert await owners(tx) == ["ada"]
                await tx.execute_raw("ROLLBACK TO here")
        assert await owners(tx) == []
    await assert_nothing_leaks(db)


@pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
async def test_nested_transactions(db: Any) -> None:
    """Each query of a transaction inside of another has its scope, after a rollback too."""
    async with db.tx() as tx:
        with as_user("ada"):
            assert await owners(tx) == ["ada"]
            for is_kept in (True, False):
                with suppress(LookupError):
                    async with tx.tx() as inner:
                        assert await owners(inner) == ["ada"]
                        with as_user("ben"):
                            assert await owners(inner) == ["ben"]
                        if not is_kept:
                            raise LookupError
                with as_user("ben"):
                    assert await owners(tx) == ["ben"]
                assert await owners(tx) == ["ada"]
        assert await owners(tx) == []
    await assert_nothing_leaks(db)


async def test_a_setting_of_the_callers_own(db: Any) -> None:
    """SET LOCAL in a transaction holds to its end beside the scope's settings."""
    with as_user("ada"):
        async with db.tx() as tx:
            await tx.execute_raw("SET LOCAL app.workspace_id = 'w'")
            assert await owners(tx) == ["ada"]
            with as_user("ben"):
                assert (await owners(tx), await setting(tx, "app.workspace_id")) == (["ben"], "w")
        assert await setting(db, "app.workspace_id") == ""


async def test_what_must_come_first(db: Any) -> None:
    """A transaction's isolation can be set in a scope, whose settings follow."""
    with as_user("ada"):
        async with db.tx() as tx:
            await tx.execute_raw("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            assert await setting(tx, "transaction_isolation") == "serializable"
            assert await owners(tx) == ["ada"]
        async with db.tx() as tx:
            await tx.execute_raw("/* first */ set local transaction_isolation to 'serializable'")
            assert await setting(tx, "transaction_isolation") == "serializable"


async def test_names_that_are_gone_after_a_raw_statement(db: Any) -> None:
    """A setting of an earlier scope is taken back also where a raw statement came between."""
    async with db.tx() as tx:
        with scoped({"app.user_id": "ada", "app.workspace_id": "w"}):
            assert await setting(tx, "app.workspace_id") == "w"
            await tx.execute_raw("SET LOCAL app.other = 'x'")
        with as_user("ada"):
            assert await setting(tx, "app.workspace_id") == ""


async def test_other_settings_are_reset_too(connect: Connect) -> None:
    """Where scopes are in use, what a raw SET left on a connection is not for the next use."""
    db = await connect(connection_limit=1, schema="public", options="-cwork_mem%3D5MB")
    with as_user("ada"):
        await db.note.count()
    await db.execute_raw("SET statement_timeout = 12345")
    await db.execute_raw("SET work_mem = '6MB'")
    assert await setting(db, "statement_timeout") == "0"
    assert await setting(db, "work_mem") == "5MB"


async def _current_user(db: Any) -> str:
    return (await db.query_first("SELECT current_user::text AS name"))["name"]


async def test_roles(connect: Connect, owner_url: str) -> None:
    """A role that a raw statement took is left, for the one that the connection began with."""
    for base in (None, owner_url):
        for role in (None, "pg_read_all_data"):
            options = {"options": f"-crole%3D{role}"} if role else {}
            db = await connect(base, connection_limit=1, **options)
            expected = await _current_user(db)
            assert role is None or expected == role
            with as_user("ada"):
                await db.query_raw("SELECT 1")
                taken = "SET ROLE pg_read_all_data" if role is None else "RESET ROLE"
                await db.execute_raw(taken)
                assert await _current_user(db) == expected
            if base is not None:
                await db.execute_raw("SET SESSION AUTHORIZATION pg_read_all_data")
                assert await _current_user(db) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        " \n\t(SELECT 1)",
        "-- a comment\nselect 1",
        "/* a\ncomment */ /**/ Insert into t values ('SET')",
        'UPDATE "Note" SET text = $1',
        "DELETE FROM t",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1)",
        "TABLE t",
        "MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING",
    ],
)
def test_plain_queries(sql: str) -> None:
    """They change no setting, so that the connection's are still known."""
    assert not may_change_settings(sql)


@pytest.mark.parametrize("end", ["ROLLBACK TO SAVEPOINT here", "/* all of it */ rollback", "ABORT"])
async def test_a_raw_rollback(db: Any, end: str) -> None:
    """It is taken after a query that failed in another scope than the one before it."""
    with as_user("ada"):
        await db.note.create(data={"owner": "ada", "text": "kept"})
    async with db.tx() as tx:
        with as_user("ada"):
            await tx.note.count()
            await tx.execute_raw("SAVEPOINT here")
        with as_user("ben"):
            with pytest.raises(Exception, match="row-level security"):
                await tx.note.create(data={"owner": "ada", "text": "refused"})
            await tx.execute_raw(end)
    for name in ("ada", "ben"):
        with as_user(name):
            assert await owners(db) == [name]
