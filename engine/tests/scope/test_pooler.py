"""Behind a real transaction pooler: everything works, and no setting stays on a shared session."""

# ruff: noqa: PT012 - what raises is a block

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from prisma_wasm import scoped

from .acting import as_user, owners, setting
from .conftest import Connect
from .pooler import PGBOUNCER, pooled

pytestmark = pytest.mark.skipif(
    PGBOUNCER is None, reason="there is no PgBouncer here (Debian: apt-get install pgbouncer)"
)


@pytest.fixture(scope="module", params=[1, 2], ids=["one_session", "two_sessions"])
def pooler_url(request: pytest.FixtureRequest, url: str) -> Iterator[str]:
    """The database behind a pooler that shares one or two sessions among all clients."""
    with pooled(url, request.param) as address:
        yield address


@pytest.fixture
async def db(connect: Connect, pooler_url: str) -> Any:
    """A client whose connections outnumber the sessions behind them."""
    return await connect(pooler_url, connection_limit=8)


async def test_queries(db: Any, prisma: Any) -> None:
    """Reads, writes, relations, batches, raw queries, errors and transactions, at once."""

    async def work(number: int) -> None:
        name = f"user{number}"
        with as_user(name):
            lines = {"create": [{"owner": name, "text": str(n)} for n in range(3)]}
            data = {"owner": name, "text": name, "moods": ["CROSS", "CALM"], "lines": lines}
            note = await db.note.create(data=data, include={"lines": True})
            assert [line.text for line in note.lines] == ["0", "1", "2"]
            assert (note.mood, note.moods) == ("CALM", ["CROSS", "CALM"])
            with pytest.raises(prisma.errors.UniqueViolationError):
                await db.note.create(data={"owner": name, "text": name})
            async with db.batch_() as batch:
                batch.note.create(data={"owner": name, "text": f"{name} batched"})
                batch.line.delete_many(where={"text": "2"})
            found = await db.note.find_many(include={"lines": True}, order={"id": "asc"})
            assert [len(note.lines) for note in found] == [2, 0]
            rows = await db.query_raw('SELECT text FROM "Line" WHERE text >= $1', "1")
            assert rows == [{"text": "1"}]
            assert await db.execute_raw('DELETE FROM "Line" WHERE text = $1', "1") == 1
            async with db.tx() as tx:
                await tx.note.delete_many()
                assert await tx.note.count() == 0

    await asyncio.gather(*(work(number) for number in range(12)))


async def test_queries_without_a_scope(db: Any) -> None:
    """Unnamed statements of many clients do not get in each other's way."""

    async def work(number: int) -> None:
        for n in range(10):
            row = await db.query_first("SELECT $1::int + $2::int AS sum", number, n)
            assert row == {"sum": number + n}
            async with db.tx() as tx:
                assert (await tx.query_first("SELECT $1::int AS n", n)) == {"n": n}
                assert await tx.note.count() == 0

    await asyncio.gather(*(work(number) for number in range(8)))


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "not_told"])
async def test_no_client_sees_anothers_settings(
    connect: Connect, pooler_url: str, is_told: bool
) -> None:
    """Many clients share the sessions, whether the URL says that there is a pooler or not."""
    base = pooler_url if is_told else pooler_url.replace("pgbouncer=true", "statement_cache_size=0")
    clients = [await connect(base, connection_limit=2) for _ in range(6)]
    names = ["ada", "ben", None]

    async def work(number: int) -> None:
        db, name = clients[number], names[number % 3]
        expected = [name] if name else []
        for turn in range(12):
            if name is None:
                found = [await owners(db), await setting(db)]
            elif turn % 3 == 0:
                with as_user(name):
                    async with db.tx() as tx:
                        found = [await owners(tx), await setting(tx)]
            else:
                with as_user(name):
                    found = [await owners(db), await setting(db)]
            assert found == [expected, name or ""]

    await asyncio.gather(*(work(number) for number in range(6)))


async def test_failures_leave_nothing(
    db: Any, prisma: Any, connect: Connect, pooler_url: str
) -> None:
    """After an error, a rollback or a cancellation inside of a scope, others find no setting."""
    other = await connect(pooler_url, connection_limit=4)

    async def sessions_are_clean() -> None:
        assert await asyncio.gather(*(setting(other) for _ in range(8))) == [""] * 8

    with as_user("ada"):
        for sql in ("SELECT 1 / 0", "VACUUM", "nonsense"):
            with pytest.raises(prisma.errors.PrismaError):
                await db.execute_raw(sql)
    await sessions_are_clean()
    with as_user("ada"), pytest.raises(ZeroDivisionError):
        async with db.tx() as tx:
            assert await owners(tx) == ["ada"]
            raise ZeroDivisionError
    await sessions_are_clean()
    for n in range(10):
        with as_user("ada"):
            task = asyncio.create_task(db.query_raw("SELECT pg_sleep(5)::text"))
        await asyncio.sleep(n * 0.002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await sessions_are_clean()


async def test_sessions_that_are_cut(db: Any, prisma: Any, superuser: Any) -> None:
    """When the server ends the sessions behind the pooler, others take over in the same scopes."""
    role = (await db.query_first("SELECT current_user::text AS name"))["name"]
    cuts = 0

    async def cut() -> None:
        nonlocal cuts
        while cuts < 5:
            row = await superuser.query_first(
                "SELECT count(pg_terminate_backend(pid))::int AS cut FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = $1",
                role,
            )
            cuts += row["cut"] > 0
            await asyncio.sleep(0.02)

    async def look(name: str | None) -> None:
        seen = 0
        with as_user(name):
            while seen < 10 or cuts < 5:
                with suppress(prisma.errors.PrismaError):
                    assert await owners(db) == ([name] if name else [])
                    seen += 1
                await asyncio.sleep(0.001)

    async with asyncio.timeout(180):
        await asyncio.gather(cut(), *(look(name) for name in ("ada", "ben", None) * 2))


async def test_a_transaction_that_a_raw_statement_ended(db: Any, prisma: Any) -> None:
    """Nothing more is sent under a scope that has no place; the error says so."""
    with as_user("ada"), pytest.raises(prisma.errors.PrismaError, match="ended by a raw statement"):
        async with db.tx() as tx:
            assert await owners(tx) == ["ada"]
            await tx.execute_raw("COMMIT")
            await tx.note.count()
    assert await setting(db) == ""


async def test_a_scope_that_changes_within_a_transaction(db: Any) -> None:
    """Each query of a transaction has the settings of where it is awaited."""
    async with db.tx() as tx:
        assert await owners(tx) == []
        for name in ("ada", "ben"):
            with scoped({"app.user_id": name, f"app.{name}": "x"}):
                assert await owners(tx) == [name]
        assert await owners(tx) == []
        assert await setting(tx, "app.ada") == await setting(tx, "app.ben") == ""
