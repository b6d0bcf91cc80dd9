"""The synchronous client: the same engine, in threads, and beside event loops."""

import asyncio
import gc
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fix_server import DatabaseServer

from .acting import connections_of, in_child, wait_until

_LONG = timedelta(seconds=30)


@pytest.fixture
def db(sync_prisma: Any, url: str) -> Iterator[Any]:
    """A connected synchronous client."""
    client = sync_prisma.Prisma(datasource={"url": f"{url}?connection_limit=4&pool_timeout=60"})
    client.connect()
    yield client
    if client.is_connected():
        client.disconnect()


def test_queries(db: Any) -> None:
    """Reads, writes, raw queries, aggregates."""
    ann = db.account.create(
        data={"owner": "ann", "entries": {"create": [{"amount": 3}]}}, include={"entries": True}
    )
    assert [entry.amount for entry in ann.entries] == [3]
    assert db.account.create_many(data=[{"owner": "ben"}, {"owner": "cid"}]) == 2
    assert db.account.update(where={"owner": "ben"}, data={"balance": 5}).balance == 5
    assert [one.owner for one in db.account.find_many(order={"owner": "asc"})] == [
        "ann", "ben", "cid",
    ]  # fmt: skip
    assert db.query_raw("SELECT 1 + $1::int AS n", 2) == [{"n": 3}]
    assert db.execute_raw('UPDATE "Account" SET balance = 1') == 3
    assert db.query_first('SELECT sum(balance)::int AS n FROM "Account"') == {"n": 3}


def test_errors(db: Any, sync_prisma: Any) -> None:
    """Errors are the package's own."""
    db.account.create(data={"owner": "ann"})
    with pytest.raises(sync_prisma.errors.UniqueViolationError):
        db.account.create(data={"owner": "ann"})
    with pytest.raises(sync_prisma.errors.RawQueryError):
        db.query_raw("SELECT 1 / 0")


def test_batches(db: Any, sync_prisma: Any) -> None:
    """A batch is all or nothing."""
    with db.batch_() as batch:
        batch.account.create(data={"owner": "ann"})
        batch.account.create(data={"owner": "ben"})
    assert db.account.count() == 2
    batch = db.batch_()
    batch.account.create(data={"owner": "cid"})
    batch.account.create(data={"owner": "ann"})
    with pytest.raises(sync_prisma.errors.UniqueViolationError):
        batch.commit()
    assert db.account.count() == 2


def test_transactions(db: Any, sync_prisma: Any) -> None:
    """Committed, rolled back, and expired."""
    with db.tx() as tx:
        tx.account.create(data={"owner": "ann"})
        assert db.account.count() == 0
    assert db.account.count() == 1

    def fails() -> None:
        with db.tx() as tx:
            tx.account.create(data={"owner": "ben"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()

    def expires() -> None:
        with db.tx(timeout=timedelta(seconds=0.3)) as tx:
            tx.account.create(data={"owner": "ben"})
            tx.query_raw("SELECT pg_sleep(30)::text")

    with pytest.raises(sync_prisma.errors.TransactionExpiredError):
        expires()
    assert db.account.count() == 1


@pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
def test_nested_transactions(db: Any, sync_prisma: Any) -> None:
    """One thread is told that it must use the inner client, another waits for its turn."""

    def beside() -> None:
        tx.account.create(data={"owner": "ben"})

    def inside() -> None:
        with tx.tx() as inner:
            inner.account.create(data={"owner": "ann"})
            with pytest.raises(sync_prisma.errors.TransactionError, match="use that one's client"):
                tx.account.count()
            thread.start()
            inner.query_raw("SELECT pg_sleep(0.3)::text")
            assert inner.account.count() == 1
            raise ZeroDivisionError

    thread = threading.Thread(target=beside)
    with db.tx(timeout=timedelta(seconds=60)) as tx:
        with pytest.raises(ZeroDivisionError):
            inside()
        thread.join(60)
    assert [account.owner for account in db.account.find_many()] == ["ben"]


def test_threads(db: Any, sync_prisma: Any) -> None:
    """Eight threads share a client: transfers between accounts neither lose nor find money."""
    db.account.create_many(data=[{"owner": str(n), "balance": 100} for n in range(4)])
    barrier = threading.Barrier(8, timeout=30)

    def transfers(number: int) -> int:
        barrier.wait()
        done = 0
        for step in range(15):
            giver, taker = sorted(((number + step) % 4, (number + step + 1) % 4))
            with db.tx(max_wait=_LONG, timeout=_LONG) as tx:
                for owner, amount in ((giver, -1), (taker, 1)):
                    tx.account.update(
                        where={"owner": str(owner)}, data={"balance": {"increment": amount}}
                    )
            with db.batch_() as batch:
                account = {"connect": {"owner": str(giver)}}
                batch.entry.create(data={"amount": 1, "account": account})
            done += len(db.query_raw("SELECT 1 AS one"))
        return done

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(transfers, range(8))) == [15] * 8
    assert sum(one.balance for one in db.account.find_many()) == 400
    assert db.entry.count() == 120
    assert {g.key: g.value for g in db.get_metrics().gauges}["prisma_pool_connections_busy"] == 0


def test_within_a_running_loop(db: Any) -> None:
    """A synchronous client works inside of a coroutine, which waits for it as for any function."""

    async def use() -> int:
        db.account.create(data={"owner": "ann"})
        return await asyncio.to_thread(db.account.count)

    assert asyncio.run(use()) == 1


def test_an_interrupted_query(db: Any) -> None:
    """Ctrl-C in a thread's query ends it on the server too; the client goes on."""
    main = threading.main_thread().ident
    assert main
    timer = threading.Timer(0.5, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        db.query_raw("SELECT pg_sleep(60)::text")
    timer.join()
    assert time.monotonic() - started < 60, "the query went on to its end"
    running = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)::%' AND state = $1"
    wait_until(lambda: len(db.query_raw(running, "active")) == 1, "the statement is broken off")


def test_thrown_away(sync_prisma: Any, url: str, server: DatabaseServer) -> None:
    """A client that nobody has any more closes its pool, from another thread too."""
    holder = [sync_prisma.Prisma(datasource={"url": url})]
    holder[0].connect()
    assert connections_of(server, url) == 1
    thread = threading.Thread(target=holder.clear)
    thread.start()
    thread.join(30)
    gc.collect()
    wait_until(lambda: connections_of(server, url) == 0, "the pool is closed")


def test_a_fork(db: Any) -> None:
    """A forked child has a loop and connections of its own; the parent's stay."""

    def child() -> None:
        with db.tx() as tx:
            tx.account.create(data={"owner": "child"})

    with db.tx(timeout=_LONG) as tx:
        tx.account.create(data={"owner": "parent"})
        assert in_child(child) == 0
        tx.account.create(data={"owner": "parent too"})
    assert db.account.count() == 3


def test_within_its_own_loop(sync_prisma: Any, db: Any, url: str) -> None:
    """A callback that runs in the engine's own loop can't wait for it, and is told so."""
    from prisma_wasm.client import credentials

    other = sync_prisma.Prisma(datasource={"url": url})

    async def password() -> str:
        return str(db.account.count())

    credentials(other, password=password)
    with pytest.raises(sync_prisma.engine.errors.EngineConnectionError, match="own event loop"):
        other.connect()
