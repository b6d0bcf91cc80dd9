"""Servers that restart, crash, are full, or hand over to another."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fix_client import Generated
from fix_server import DatabaseServer

from prisma_wasm import embedded
from prisma_wasm.embedded.home import STATE_VARIABLE

from .acting import LONGEST_GAP, LOST, Connect, Observer, Ticker, all_at_rest, place_of, until
from .proxy import Proxy, proxy_to


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for a server that can be stopped and started again."""
    root = Path(tempfile.mkdtemp(prefix="prisma-wasm-test-")).resolve()
    root.chmod(0o755)
    monkeypatch.setenv(STATE_VARIABLE, str(root / "state"))
    yield root / "postgres"
    embedded.stop(root / "postgres")
    shutil.rmtree(root)


async def _all_run(url: str, count: int) -> None:
    """Wait until so many of the sleeping statements run on the server."""
    server = DatabaseServer(url)
    running = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()"
    )

    async def run() -> bool:
        return await asyncio.to_thread(server.execute, running) == str(count)

    await until(run, "the statements run")


def _start(folder: Path) -> embedded.Server:
    return embedded.ensure(folder, say=lambda _: None)


async def _works_again(db: Any, prisma: Any) -> None:
    async def works() -> bool:
        try:
            await db.account.count()
        except prisma.errors.DataError as error:
            if error.code in LOST:
                return False
            raise
        return True

    await until(works, "queries work again", 120)
    await all_at_rest(db)


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_restart(
    connect: Connect, prisma: Any, generated: Generated, folder: Path, ticker: Ticker, how: str
) -> None:
    """A server that goes, in order or not, costs the queries in flight; then its client goes on."""
    server = await asyncio.to_thread(_start, folder)
    DatabaseServer(server.url()).execute(generated.sql)
    with proxy_to(place_of(server.url())) as proxy:
        url = server.url().replace(f":{server.port}/", f":{proxy.port}/")
        db = await connect(url, connection_limit=3)
        await db.account.create(data={"owner": "ann"})
        sleeping = [asyncio.create_task(db.query_raw("SELECT pg_sleep(60)::text")) for _ in "ab"]
        await _all_run(server.url(), 2)
        if how == "killed":
            pid = embedded.status(folder).pid
            assert pid
            os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(embedded.stop, folder)
        if how == "killed":
            proxy.cut()  # what had connected outlives its postmaster until it notices
        found = await asyncio.gather(*sleeping, return_exceptions=True)
        assert {getattr(error, "code", None) for error in found} == {"P1017"}
        with pytest.raises(prisma.errors.PrismaError) as caught:
            await db.account.count()
        assert caught.value.code in LOST

        proxy.target = place_of((await asyncio.to_thread(_start, folder)).url())
        await _works_again(db, prisma)
        assert await db.account.count() == 1
    assert ticker.longest < LONGEST_GAP
    assert ticker.percentile(0.99) < 50


@pytest.fixture
def crashing(generated: Generated) -> Iterator[str]:
    """The URL of a server of one test's own, whose tables survive a crash."""
    with embedded.temporary() as server:
        # A temporary server commits asynchronously: the checkpoint writes what its buffers hold.
        DatabaseServer(server.url()).execute(f"{generated.sql}\n;CHECKPOINT;")
        yield server.url()


async def test_a_crash(connect: Connect, prisma: Any, crashing: str) -> None:
    """A backend that is killed takes all others with it; after the recovery queries work."""
    db = await connect(crashing, connection_limit=3)
    await db.account.create_many(data=[{"owner": "ann"}, {"owner": "ben"}])
    (row,) = await db.query_raw("SELECT pg_backend_pid() AS pid")
    sleeping = [asyncio.create_task(db.query_raw("SELECT pg_sleep(60)::text")) for _ in "abc"]
    await _all_run(crashing, 3)
    os.kill(row["pid"], signal.SIGKILL)

    found = await asyncio.gather(*sleeping, return_exceptions=True)
    assert {getattr(error, "code", None) for error in found} == {"P1017"}
    await _works_again(db, prisma)


async def test_a_start_up(connect: Connect, prisma: Any, proxy: Proxy) -> None:
    """A server that takes no connections yet is one that can't be reached, and says why."""
    db = await connect(connection_limit=2)
    proxy.mode = "start up"
    proxy.cut()
    await until(lambda: proxy.links == 0, "the connections are cut")
    found = await asyncio.gather(*[db.account.count() for _ in range(6)], return_exceptions=True)
    assert {getattr(error, "code", None) for error in found} <= set(LOST), found
    with pytest.raises(prisma.errors.PrismaError, match="the database system is starting up"):
        await db.account.count()
    proxy.heal()
    assert await db.account.count() == 0
    await all_at_rest(db)


async def test_terminated_sessions(connect: Connect, prisma: Any, observer: Observer) -> None:
    """An administrator's pg_terminate_backend ends queries and transactions, not the client."""
    db = await connect(connection_limit=3)
    tx = await db.tx().start()
    await tx.account.create(data={"owner": "ann"})
    sleeping = asyncio.create_task(db.query_raw("SELECT pg_sleep(60)::text"))

    async def runs() -> bool:
        return await observer.running("pg_sleep(60)") == 1

    await until(runs, "the query runs")
    await observer.terminate_others()
    (error,) = await asyncio.gather(sleeping, return_exceptions=True)
    assert getattr(error, "code", None) == "P1017"
    with pytest.raises(prisma.errors.PrismaError) as caught:
        await tx.account.count()
    assert caught.value.code == "P1017"
    await tx._internal_engine.rollback_transaction(tx._tx_id)

    await _works_again(db, prisma)
    assert await db.account.count() == 0


@pytest.fixture
async def full(url: str, server: DatabaseServer) -> AsyncIterator[str]:
    """The database as a role that may connect twice."""
    parts = urlsplit(url)
    role = f"few_{os.getpid()}"
    server.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD 'few' CONNECTION LIMIT 2;"
        f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role};"
        f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role};",
        parts.path[1:],
    )
    place = parts.netloc.rpartition("@")[2]
    yield parts._replace(netloc=f"{role}:few@{place}").geturl()
    server.execute(f"DROP OWNED BY {role}; DROP ROLE {role};", parts.path[1:])


async def test_no_connection_is_left(connect: Connect, prisma: Any, full: str) -> None:
    """A server that takes no more says so; the places are free again, and the next ones work."""
    holder = await connect(full, connection_limit=2)
    manager = holder.tx()
    tx = await manager.start()
    db = await connect(full, connection_limit=5)
    found = await asyncio.gather(*[db.account.count() for _ in range(10)], return_exceptions=True)

    codes = {getattr(error, "code", None) for error in found if error != 0}
    assert codes == {"P2037"}, found
    assert "too many connections" in str(next(error for error in found if error != 0))
    assert 0 in found
    await tx.account.count()
    await manager.rollback()
    await holder.disconnect()
    await all_at_rest(db)
    assert await db.account.count() == 0
    await db.disconnect()
    async with prisma.Prisma(datasource={"url": full}) as client:
        assert await client.account.count() == 0
