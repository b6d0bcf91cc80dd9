"""One client in several event loops, after forks, and thrown away from wherever."""

import asyncio
import gc
import multiprocessing
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
from fix_server import DatabaseServer

from .acting import connections_of, in_child, observing, until, wait_until

# What a client says while it is thrown away reaches nobody otherwise.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")

_LIMIT = 120.0


@pytest.fixture(autouse=True, params=["asyncio", "uvloop"])
def _kind_of_loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of this on uvloop too: what it shows of a socket can do less."""
    if request.param == "uvloop":
        monkeypatch.setattr(asyncio, "new_event_loop", uvloop.new_event_loop)
        monkeypatch.setattr(asyncio.events, "new_event_loop", uvloop.new_event_loop)


async def _use(client: Any) -> int:
    async with client.tx() as tx:
        await tx.query_raw("SELECT 1 AS one")
    counts = await asyncio.gather(*[client.account.count() for _ in range(5)])
    return sum(counts)


def test_loops_one_after_another(prisma: Any, url: str, server: DatabaseServer) -> None:
    """A client goes on in a new event loop; what the last one held is closed."""
    client = prisma.Prisma(datasource={"url": f"{url}?connection_limit=3"})
    asyncio.run(client.connect())
    for _ in range(3):
        assert asyncio.run(_use(client)) == 0
        wait_until(lambda: connections_of(server, url) <= 3, "the last ones are closed")
    asyncio.run(client.disconnect())
    wait_until(lambda: connections_of(server, url) == 0, "the connections are closed")


def test_loops_in_turns(prisma: Any, url: str) -> None:
    """Two loops that are run in turns, never at the same time, both work."""
    client = prisma.Prisma(datasource={"url": url})
    loops = [asyncio.new_event_loop() for _ in "ab"]
    loops[0].run_until_complete(client.connect())
    for _ in range(3):
        for loop in loops:
            assert loop.run_until_complete(_use(client)) == 0
    loops[1].run_until_complete(client.disconnect())
    for loop in loops:
        loop.close()


def test_two_loops_at_once(prisma: Any, url: str) -> None:
    """A client in use in one running loop says so in another, and goes on in the first."""
    client = prisma.Prisma(datasource={"url": url})
    is_connected, is_over = threading.Event(), threading.Event()

    async def first() -> int:
        await client.connect()
        is_connected.set()
        await asyncio.to_thread(is_over.wait, _LIMIT)
        found = await _use(client)
        await client.disconnect()
        return found

    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(asyncio.run(first())))
    thread.start()
    assert is_connected.wait(_LIMIT)
    with pytest.raises(prisma.errors.PrismaError, match="in use in another event loop"):
        asyncio.run(_use(client))
    is_over.set()
    thread.join(_LIMIT)
    assert answers == [0]


def test_a_transaction_of_an_earlier_loop(prisma: Any, url: str) -> None:
    """A transaction ends with its loop."""
    client = prisma.Prisma(datasource={"url": url})

    async def begin() -> Any:
        await client.connect()
        tx = await client.tx().start()
        await tx.account.create(data={"owner": "ann"})
        return tx

    tx = asyncio.run(begin())
    with pytest.raises(prisma.errors.PrismaError, match="Transaction not found"):
        asyncio.run(tx.account.count())
    assert asyncio.run(client.account.count()) == 0
    asyncio.run(client.disconnect())


@pytest.mark.parametrize("thrown_away", ["in another thread", "after the loop", "within the loop"])
def test_thrown_away(prisma: Any, url: str, server: DatabaseServer, thrown_away: str) -> None:
    """A client that nobody has any more closes its pool, from whichever thread."""
    holder = [prisma.Prisma(datasource={"url": url})]

    async def use() -> None:
        await holder[0].connect()
        await _use(holder[0])
        if thrown_away == "within the loop":
            holder.clear()
            gc.collect()
            async with observing(url) as observer:

                async def all_gone() -> bool:
                    return await observer.connections() == 0

                await until(all_gone, "the pool is closed")

    asyncio.run(use())
    if thrown_away == "in another thread":
        thread = threading.Thread(target=holder.clear)
        thread.start()
        thread.join(_LIMIT)
    holder.clear()
    gc.collect()
    wait_until(lambda: connections_of(server, url) == 0, "the pool is closed")


def test_thrown_away_while_its_loop_runs(prisma: Any, url: str, server: DatabaseServer) -> None:
    """A thread may drop the last reference while the client's loop is running elsewhere."""
    holder = [prisma.Prisma(datasource={"url": url})]
    is_connected, is_over = threading.Event(), threading.Event()

    async def connect() -> None:
        await holder[0].connect()
        is_connected.set()
        await asyncio.to_thread(is_over.wait, _LIMIT)

    thread = threading.Thread(target=lambda: asyncio.run(connect()))
    thread.start()
    assert is_connected.wait(_LIMIT)
    holder.clear()
    gc.collect()
    try:
        wait_until(lambda: connections_of(server, url) == 0, "the pool is closed")
    finally:
        is_over.set()
        thread.join(_LIMIT)


async def _fork_and_go_on(client: Any, child: Callable[[], None]) -> None:
    """Fork in the middle of an event loop's work; both sides go on."""
    # The child loads the interpreter's modules anew, which takes seconds on a loaded machine.
    async with client.tx(timeout=timedelta(seconds=_LIMIT)) as tx:
        await tx.account.create(data={"owner": "parent"})
        code = await asyncio.to_thread(in_child, child)
        assert code == 0
        await tx.account.create(data={"owner": "parent too"})
    for _ in range(3):
        await asyncio.gather(*[client.query_raw("SELECT pg_sleep(0.01)::text") for _ in range(6)])
    assert await client.account.count(where={"owner": {"startswith": "parent"}}) == 2


@pytest.mark.parametrize("does", ["uses it", "drops it", "disconnects it"])
def test_a_fork(prisma: Any, url: str, does: str) -> None:
    """A child has connections of its own, and closes none of its parent's."""
    client = prisma.Prisma(datasource={"url": f"{url}?connection_limit=3"})

    def child() -> None:
        if does == "uses it":
            # In a child of a fork, asyncio knows of no running loop.
            assert asyncio.run(_use(client)) == 0
            asyncio.run(_write(client))
        elif does == "disconnects it":
            asyncio.run(client.disconnect())
        else:
            client._internal_engine.stop()
            client._internal_engine = None

    async def parent() -> None:
        await client.connect()
        await asyncio.gather(*[client.account.count() for _ in range(6)])
        await _fork_and_go_on(client, child)
        assert await client.account.count() == 2 + (does == "uses it")
        await client.disconnect()

    asyncio.run(parent())


async def _write(client: Any) -> None:
    await client.account.create(data={"owner": "child"})


def _work_in_process(number: int) -> int:
    """What a worker process of multiprocessing does with the client that it inherited."""
    client = _inherited[0]
    asyncio.run(client.account.create(data={"owner": f"worker {number}"}))
    return asyncio.run(_use(client))


_inherited: list[Any] = []


_KILLED = """
import asyncio, os, signal, sys
sys.path.insert(0, sys.argv[1])
prisma = __import__(sys.argv[2])
client = prisma.Prisma(datasource={"url": sys.argv[3]})

async def begin():
    await client.connect()
    tx = await client.tx().start()
    await tx.account.create(data={"owner": "ann"})

loop = asyncio.new_event_loop()
loop.run_until_complete(begin())
if os.fork() == 0:
    sys.stdin.read()  # lives on until the test lets it go
    os._exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_child_that_lives_on(generated: Any, url: str, server: DatabaseServer) -> None:
    """A parent that is killed in a transaction is gone for the server, though its child is not."""
    arguments = [str(generated.folder), generated.name, url]
    program = subprocess.Popen(
        [sys.executable, "-Wignore", "-c", _KILLED, *arguments], stdin=subprocess.PIPE
    )
    try:
        assert program.wait(_LIMIT) == -signal.SIGKILL
        wait_until(lambda: connections_of(server, url) == 0, "the transaction's connection is gone")
    finally:
        program.communicate(timeout=_LIMIT)


def test_multiprocessing(prisma: Any, url: str) -> None:
    """A client made before worker processes are forked works in each of them, and in the parent."""
    client = prisma.Prisma(datasource={"url": f"{url}?connection_limit=2"})
    asyncio.run(client.connect())
    _inherited[:] = [client]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with multiprocessing.get_context("fork").Pool(3) as pool:
            result = pool.map_async(_work_in_process, range(6))
            assert all(count >= 5 for count in result.get(_LIMIT))
    assert asyncio.run(client.account.count()) == 6
    asyncio.run(client.disconnect())
    _inherited.clear()


_EXITING = """
import asyncio, os, sys, time
sys.path.insert(0, sys.argv[1])
prisma = __import__(sys.argv[2])
client = prisma.Prisma(datasource={"url": sys.argv[3]})
loop = asyncio.new_event_loop()

async def counts():
    async with asyncio.timeout(60):
        return await asyncio.gather(*[client.account.count() for _ in range(6)])

loop.run_until_complete(client.connect())
loop.run_until_complete(counts())
pid = os.fork()
if pid == 0:
    sys.exit(0)  # through the interpreter's whole end, with all it inherited
deadline = time.monotonic() + 60
while os.waitpid(pid, os.WNOHANG)[0] == 0:
    if time.monotonic() > deadline:
        sys.exit("the child does not end")
    time.sleep(0.02)
print(loop.run_until_complete(counts()))
"""


def test_a_child_that_exits(generated: Any, url: str, tmp_path: Path) -> None:
    """A forked child that ends as any program takes nothing of its parent's with it."""
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            _EXITING,
            str(generated.folder),
            generated.name,
            url,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
    )
    assert (done.returncode, done.stdout.strip()) == (0, str([0] * 6)), done.stderr
