"""A network that is slow, cut, or silent: clear errors in time, and then it goes on."""

import asyncio
import os
import socket
import sys
from datetime import timedelta
from typing import Any

import psutil
import pytest

from prisma_wasm import watch

from .acting import LONGEST_GAP, Connect, Observer, Ticker, all_at_rest, gauges, until
from .proxy import Proxy

_SLEEP = "SELECT pg_sleep(30)::text"


async def _in_flight(db: Any, observer: Observer, count: int = 1) -> "list[asyncio.Task[Any]]":
    tasks = [asyncio.create_task(db.query_raw(_SLEEP)) for _ in range(count)]

    async def all_run() -> bool:
        return await observer.running("pg_sleep(30)") == count

    await until(all_run, "the queries run")
    return tasks


async def _errors(tasks: "list[asyncio.Task[Any]]") -> list[Any]:
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, Exception) for error in found), found
    return found


def _sockets_to(port: int) -> int:
    """How many sockets of this process lead to the proxy."""
    connections = psutil.Process().net_connections("tcp")
    return sum(bool(item.raddr) and item.raddr.port == port for item in connections)


@pytest.mark.skipif(sys.platform != "linux", reason="these are Linux' names of the options")
async def test_keepalive(connect: Connect, proxy: Proxy) -> None:
    """The system watches over connections, unless the URL says otherwise."""

    def options() -> "list[tuple[int, int, int]]":
        found: list[tuple[int, int, int]] = []
        for item in psutil.Process().net_connections("tcp"):
            if item.raddr and item.raddr.port == proxy.port:
                with socket.socket(fileno=os.dup(item.fd)) as one:
                    found.append(
                        (
                            one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                            one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                            one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
                        )
                    )
        return found

    db = await connect(tcp_user_timeout=7000)
    assert options() == [(1, 10, 7000)]
    await db.disconnect()
    await connect(keepalives=0)
    ((is_kept, _idle, unacknowledged),) = options()
    assert (is_kept, unacknowledged) == (0, 0)


async def test_a_cut(connect: Connect, proxy: Proxy, observer: Observer) -> None:
    """Every query in flight is told; the next ones connect anew."""
    db = await connect(connection_limit=3)
    tasks = await _in_flight(db, observer, 3)
    proxy.cut()

    assert {error.code for error in await _errors(tasks)} == {"P1017"}
    assert await db.account.count() == 0
    await all_at_rest(db)


async def test_a_half_close(connect: Connect, proxy: Proxy, observer: Observer) -> None:
    """A server that says no more, though its connection stands, is gone too."""
    db = await connect(connection_limit=1)
    tasks = await _in_flight(db, observer)
    proxy.half_close()

    assert {error.code for error in await _errors(tasks)} == {"P1017"}
    assert await db.account.count() == 0
    await all_at_rest(db)


async def test_a_cut_while_idle(connect: Connect, proxy: Proxy) -> None:
    """Connections that went while nobody used them are not used."""
    db = await connect(connection_limit=3)
    await asyncio.gather(*[db.account.count() for _ in range(9)])
    proxy.cut()
    await until(lambda: proxy.links == 0, "the connections are cut")
    await asyncio.sleep(0.05)

    assert await asyncio.gather(*[db.account.count() for _ in range(9)]) == [0] * 9


@pytest.mark.parametrize("count", [1, 9, 80, 400, 700, 900])
async def test_a_cut_in_the_middle_of_an_answer(
    connect: Connect, proxy: Proxy, prisma: Any, count: int
) -> None:
    """Wherever an answer breaks off, of a handshake or of a query, the query is told."""
    db = await connect(connection_limit=1)
    await db.account.create_many(data=[{"owner": f"{n}" * 20} for n in range(50)])
    proxy.cut()
    proxy.cut_after = count

    for _ in range(3):
        with pytest.raises(prisma.errors.PrismaError) as caught:
            await db.account.find_many(include={"entries": True})
        assert getattr(caught.value, "code", None) in ("P1001", "P1017")
        await all_at_rest(db)
    proxy.heal()
    assert len(await db.account.find_many()) == 50


async def test_a_refusal(connect: Connect, proxy: Proxy, prisma: Any, ticker: Ticker) -> None:
    """While nobody listens each query says so at once; afterwards they work."""
    db = await connect(connection_limit=2)
    proxy.refuse()
    proxy.cut()
    await until(lambda: proxy.links == 0, "the connections are cut")

    await asyncio.gather(*[db.account.count() for _ in range(4)], return_exceptions=True)
    for _ in range(3):
        with pytest.raises(prisma.errors.PrismaError, match="Can't reach database server") as error:
            await db.account.count()
        assert error.value.code == "P1001"
    proxy.listen()
    assert await db.account.count() == 0
    await all_at_rest(db)
    assert ticker.longest < LONGEST_GAP


async def test_a_delay(connect: Connect, proxy: Proxy, ticker: Ticker) -> None:
    """A slow network makes queries slow, and nothing else."""
    proxy.delay = 0.05
    db = await connect(connection_limit=4, connect_timeout=30)
    await asyncio.gather(*[db.account.create(data={"owner": str(n)}) for n in range(8)])
    async with db.tx(timeout=timedelta(seconds=20)) as tx:
        assert await tx.account.count() == 8
    await all_at_rest(db)
    assert ticker.longest < LONGEST_GAP


async def test_silence_with_a_limit(
    connect: Connect, proxy: Proxy, prisma: Any, ticker: Ticker
) -> None:
    """With `socket_timeout` a server that never answers costs that long."""
    db = await connect(connection_limit=2, socket_timeout=1, connect_timeout=3)
    await db.account.count()
    proxy.mode = "swallow"

    with pytest.raises(prisma.errors.PrismaError) as caught:
        await db.account.count()
    assert caught.value.code == "P1008"
    with pytest.raises(prisma.errors.PrismaError) as caught:
        await db.account.count()
    assert caught.value.code == "P1001"
    proxy.heal()
    assert await db.account.count() == 0
    await all_at_rest(db)
    assert ticker.longest < LONGEST_GAP
    assert ticker.percentile(0.99) < 50


async def test_silence_without_a_limit(
    connect: Connect,
    proxy: Proxy,
    observer: Observer,
    ticker: Ticker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody waits for ever: a server that answers nothing on any connection is given up."""
    monkeypatch.setattr(watch, "EVERY", 0.1)
    monkeypatch.setattr(watch, "PATIENCE", 0.3)
    monkeypatch.setattr(watch, "SILENCE", 3)
    db = await connect(connection_limit=3)
    tasks = await _in_flight(db, observer, 3)
    await asyncio.sleep(1.5)
    assert not any(task.done() for task in tasks), "a server that is there was given up"
    proxy.mode = "swallow"

    assert {error.code for error in await _errors(tasks)} == {"P1017"}
    proxy.heal()
    assert await db.account.count() == 0
    await all_at_rest(db)
    assert ticker.percentile(0.99) < 50


async def test_silence_within_a_transaction(connect: Connect, proxy: Proxy, prisma: Any) -> None:
    """A transaction's limit holds, and gives its place in the pool back."""
    db = await connect(connection_limit=1, connect_timeout=5)
    for pause in (0, 0.8):
        with pytest.raises(prisma.errors.TransactionExpiredError):  # noqa: PT012 - a block raises
            async with db.tx(timeout=timedelta(seconds=0.5)) as tx:
                await tx.account.count()
                proxy.mode = "swallow"
                await asyncio.sleep(pause)
                await tx.account.count()
        await all_at_rest(db)
        with pytest.raises(prisma.errors.TransactionError, match="Unable to start"):
            await db.tx(max_wait=timedelta(seconds=0.3)).start()
        proxy.heal()
        assert await db.account.count() == 0


async def test_silence_fills_the_pool(connect: Connect, proxy: Proxy, prisma: Any) -> None:
    """Those who wait for a place are told how many there are, and who has them."""
    db = await connect(connection_limit=2, pool_timeout=1, socket_timeout=3, connect_timeout=3)
    proxy.mode = "swallow"
    proxy.cut()
    found = await asyncio.gather(*[db.account.count() for _ in range(6)], return_exceptions=True)

    full = [error for error in found if getattr(error, "code", None) == "P2024"]
    assert len(full) >= 3, found
    assert "connection limit: 2, in use: 2, waiting: " in str(full[0])
    proxy.heal()
    assert await db.account.count() == 0


@pytest.mark.parametrize("use", ["idle", "busy", "opening", "transaction"])
async def test_disconnecting_from_silence(
    connect: Connect, proxy: Proxy, observer: Observer, ticker: Ticker, use: str
) -> None:
    """disconnect() does not wait for what its connections are doing."""
    db = await connect(connection_limit=4, connect_timeout=30)
    await asyncio.gather(*[db.account.count() for _ in range(8)])
    tasks: list[asyncio.Task[Any]] = []
    if use == "busy":
        tasks = await _in_flight(db, observer, 3)
    if use == "transaction":
        tx = await db.tx(timeout=timedelta(seconds=30)).start()
        await tx.account.count()
    proxy.mode = "swallow"
    if use == "opening":
        proxy.cut()
        await until(lambda: proxy.links == 0, "the connections are cut")
        tasks = [asyncio.create_task(db.account.count()) for _ in range(6)]
        await asyncio.sleep(0.1)

    # What its connections are doing would take 30 seconds.
    async with asyncio.timeout(15):
        await db.disconnect()
    for error in await _errors(tasks):
        assert error.code == "P1017"
    await until(lambda: _sockets_to(proxy.port) == 0, "no socket is left")
    assert ticker.longest < LONGEST_GAP
    proxy.heal()
    await db.connect()
    assert await db.account.count() == 0


async def test_connecting_to_silence(prisma: Any, connect: Connect, proxy: Proxy) -> None:
    """connect() says P1001 within the URL's limit, and a second attempt may work."""
    proxy.mode = "swallow"
    with pytest.raises(prisma.engine.errors.EngineConnectionError, match="P1001"):
        await connect(connect_timeout=1)
    proxy.heal()
    db = await connect()
    assert (await gauges(db))["open"] == 1
