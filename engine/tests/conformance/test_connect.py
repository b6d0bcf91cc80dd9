"""connect, disconnect, is_connected, the datasource, and servers that are away."""

# ruff: noqa: PT012 - what raises is connecting or the first query

import asyncio
import gc
import os
import subprocess
import sys
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from fix_client import Generated


def _client(prisma: Any, url: str, **options: Any) -> Any:
    return prisma.Prisma(datasource={"url": url}, **options)


async def test_connect_and_disconnect(prisma: Any, url: str) -> None:
    """A client knows whether it is connected; it can be connected again."""
    client = _client(prisma, url)
    assert not client.is_connected()
    await client.connect()
    assert client.is_connected()
    assert await client.team.count() >= 0
    await client.disconnect()
    assert not client.is_connected()
    await client.connect()
    assert await client.team.count() >= 0
    await client.disconnect()
    await client.disconnect()


class _Counting:
    """An application's own wrapper around what the client has as its engine."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.begun = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def start_transaction(self, *, content: str) -> str:
        self.begun += 1
        return await self._engine.start_transaction(content=content)


@pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
@pytest.mark.parametrize("name", ["_engine", "_Prisma__engine"])
async def test_an_engine_that_is_wrapped(prisma: Any, url: str, name: str) -> None:
    """Applications put themselves around the engine, by its name of today or before 0.12."""
    client = _client(prisma, url)
    with pytest.raises(prisma.errors.ClientNotConnectedError):
        getattr(client, name)
    await client.connect()
    wrapped = _Counting(getattr(client, name))
    setattr(client, name, wrapped)
    async with client.tx() as tx, tx.tx() as nested:
        assert await nested.team.count() >= 0
    assert await client.team.count() >= 0
    assert wrapped.begun == 2
    assert client._engine is wrapped
    await client.disconnect()


async def test_context_manager(prisma: Any, url: str) -> None:
    """A block connects and disconnects, also when it fails."""
    async with _client(prisma, url) as client:
        assert client.is_connected()
    assert not client.is_connected()
    with pytest.raises(ZeroDivisionError):
        async with client:
            raise ZeroDivisionError
    assert not client.is_connected()


async def test_disconnect_within_the_block(prisma: Any, url: str) -> None:
    """A block that disconnects by itself is no fault."""
    async with _client(prisma, url) as client:
        await client.disconnect()


async def test_second_connect(prisma: Any, url: str) -> None:
    """A client that is connected is not connected again."""
    already = sys.modules[f"{prisma.__name__}.engine.errors"].AlreadyConnectedError
    async with _client(prisma, url) as client:
        with pytest.raises(already):
            await client.connect()
        assert await client.team.count() >= 0


async def test_not_connected(prisma: Any, url: str) -> None:
    """Before connect() and after disconnect() queries are refused."""
    client = _client(prisma, url)
    for _ in range(2):
        with pytest.raises(prisma.errors.ClientNotConnectedError):
            await client.user.find_first()
        with pytest.raises(prisma.errors.ClientNotConnectedError):
            await client.query_raw("SELECT 1")
        with pytest.raises(prisma.errors.ClientNotConnectedError):
            async with client.tx():
                pass
        await client.connect()
        await client.disconnect()


async def test_datasource_of_the_environment(
    prisma: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an override the variable of the schema names the database."""
    monkeypatch.setenv("DATABASE_URL", url)
    async with prisma.Prisma() as client:
        rows = await client.query_raw("SELECT current_database()::text AS name")
        assert rows == [{"name": url.rpartition("/")[2]}]


async def test_override_wins(prisma: Any, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An override is used whatever the environment says, its name given or not."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    for datasource in ({"url": url}, {"name": "db", "url": url}):
        async with prisma.Prisma(datasource=datasource) as client:
            assert await client.team.count() >= 0


async def test_server_that_is_away(prisma: Any) -> None:
    """The error names the address at which no server answers."""
    client = _client(
        prisma,
        "postgresql://user:secret@127.0.0.1:1/nothing",
        connect_timeout=timedelta(seconds=2),
    )
    with pytest.raises(prisma.errors.PrismaError) as caught:
        await client.connect()
        await client.team.count()
    assert "Can't reach database server at" in str(caught.value)
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)
    await client.disconnect()


async def test_wrong_password(prisma: Any, url: str) -> None:
    """A refused log-in says whose, and not with which password."""
    parts = urlsplit(url)
    wrong = urlunsplit(
        parts._replace(netloc=f"nobody:wr0ng-secret@{parts.netloc.rpartition('@')[2]}")
    )
    client = _client(prisma, wrong)
    with pytest.raises(prisma.errors.PrismaError) as caught:
        await client.connect()
        await client.team.count()
    assert "nobody" in str(caught.value)
    assert "wr0ng-secret" not in str(caught.value)
    await client.disconnect()


async def test_database_that_is_not_there(prisma: Any, url: str) -> None:
    """A database that is not there is named."""
    client = _client(prisma, url.rpartition("/")[0] + "/not_there")
    with pytest.raises(prisma.errors.PrismaError) as caught:
        await client.connect()
        await client.team.count()
    assert "not_there" in str(caught.value)
    await client.disconnect()


async def test_killed_connections(db: Any, sql: Any) -> None:
    """After its connections were cut a client works on, at the latest with the second query."""
    await db.team.create(data={"name": "kept"})
    await asyncio.gather(*[db.query_raw("SELECT 1") for _ in range(5)])
    await sql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    answers = [*await asyncio.gather(*[db.team.count() for _ in range(5)], return_exceptions=True)]
    assert [answer for answer in answers if answer != 1] == [] or await db.team.count() == 1
    assert await db.team.count() == 1


async def test_more_queries_than_connections(prisma: Any, url: str) -> None:
    """Queries wait for a connection."""
    async with _client(prisma, f"{url}?connection_limit=2") as client:
        slow = [client.query_raw("SELECT pg_sleep(0.01)::text") for _ in range(20)]
        assert len(await asyncio.gather(*slow)) == 20


async def test_pool_timeout(prisma: Any, url: str) -> None:
    """A query that gets no connection in time is told so."""
    async with _client(prisma, f"{url}?connection_limit=1&pool_timeout=1") as client:
        async with client.tx():
            with pytest.raises(prisma.errors.DataError) as caught:
                await client.team.count()
        assert caught.value.code == "P2024"
        assert await client.team.count() >= 0


async def test_schema_in_the_url(prisma: Any, url: str, sql: Any) -> None:
    """`?schema=` names the schema that raw queries look into."""
    await sql.execute("CREATE SCHEMA IF NOT EXISTS other")
    await sql.execute("CREATE TABLE IF NOT EXISTS other.thing AS SELECT 5 AS n")
    try:
        async with _client(prisma, f"{url}?schema=other") as client:
            assert await client.query_raw("SELECT n FROM thing") == [{"n": 5}]
    finally:
        await sql.execute("DROP SCHEMA other CASCADE")


async def test_clients_in_several_loops(prisma: Any, url: str) -> None:
    """A client per thread and event loop."""
    answers: list[int] = []

    def run() -> None:
        async def work() -> int:
            async with _client(prisma, url) as client:
                return await client.team.count()

        answers.append(asyncio.run(work()))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join, 60)
    assert len(answers) == 3


async def test_dropped_client(prisma: Any, url: str, sql: Any) -> None:
    """A client that is dropped without disconnect() gives its connections back."""
    name = "dropped_client_test"
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1"

    async def use() -> None:
        client = _client(prisma, f"{url}?application_name={name}")
        await client.connect()
        await client.team.count()
        assert await sql.fetchval(count, name) >= 1

    await use()
    gc.collect()
    for _ in range(300):
        if await sql.fetchval(count, name) == 0:
            return
        await asyncio.sleep(0.1)
    pytest.fail("its connections are still open")


def test_dropped_after_the_loop(generated: Generated, url: str) -> None:
    """A script that never disconnects ends, quietly and in time."""
    code = (
        f"import sys, asyncio; sys.path.insert(0, {str(generated.folder)!r})\n"
        f"import {generated.name} as p\n"
        f"client = p.Prisma(datasource={{'url': {url!r}}})\n"
        "async def main():\n"
        "    await client.connect()\n"
        "    print(await client.team.count() >= 0)\n"
        "asyncio.run(main())\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\n", "")


def test_nothing_is_written(generated: Generated, url: str) -> None:
    """Queries need no writable folder, no home and no PATH."""
    code = (
        f"import sys, asyncio; sys.path.insert(0, {str(generated.folder)!r})\n"
        f"import {generated.name} as p\n"
        "async def main():\n"
        f"    async with p.Prisma(datasource={{'url': {url!r}}}, use_dotenv=False) as client:\n"
        "        print(await client.team.count() >= 0)\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/proc",
        env={"HOME": "/nonexistent", "TMPDIR": "/nonexistent", "PATH": "/nonexistent"},
    )
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
