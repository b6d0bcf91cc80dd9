"""Several hosts in one URL, as libpq has them."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from fix_client import Generated
from fix_server import DatabaseServer

from prisma_wasm import embedded, scoped

from .acting import LOST, Connect, all_at_rest, observing, place_of, until, with_parameters
from .proxy import Proxy, proxy_to

Demote = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Pair:
    """A server, one whose sessions can only read as a standby's, and a proxy before each."""

    url: str
    primary: Proxy
    standby: Proxy

    def hosts(self, *places: str, **parameters: object) -> str:
        """A URL of these hosts."""
        before, _, after = self.url.rpartition("@")
        database = after.partition("/")[2]
        return with_parameters(f"{before}@{','.join(places)}/{database}", **parameters)


@pytest.fixture(scope="module")
def servers(generated: Generated) -> Iterator[tuple[str, str]]:
    """The URLs of a server and of one that can only be read; name and password are the same."""
    with embedded.temporary() as one, embedded.temporary() as other:
        first, second = DatabaseServer(one.url()), DatabaseServer(other.url())
        for server in (first, second):
            server.execute(generated.sql)
        second.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        second.execute("SELECT pg_reload_conf()")
        second.execute(
            "SET default_transaction_read_only = off;\n"
            f"ALTER ROLE CURRENT_USER PASSWORD '{urlsplit(first.url).password}'"
        )
        # Name and password are the first one's.
        yield first.url, first.url.replace(f":{one.port}/", f":{other.port}/")


@pytest.fixture
def pair(servers: tuple[str, str]) -> Iterator[Pair]:
    """A proxy before each."""
    first, second = servers
    with proxy_to(place_of(first)) as primary, proxy_to(place_of(second)) as standby:
        yield Pair(first, primary, standby)


@pytest.fixture
async def demoted(servers: tuple[str, str]) -> AsyncIterator[Demote]:
    """`await demoted()`: the first server takes no writes any more, and the second does."""
    first, second = (DatabaseServer(url) for url in servers)

    async def reads_only(server: DatabaseServer, value: str) -> None:
        script = f"""
            SET default_transaction_read_only = off;
            TRUNCATE "Account", "Entry";
            ALTER SYSTEM SET default_transaction_read_only = {value};
            SELECT pg_reload_conf();
        """
        await asyncio.to_thread(server.execute, script)

        async def is_so() -> bool:
            show = "SHOW default_transaction_read_only"
            return await asyncio.to_thread(server.execute, show) == value

        await until(is_so, "the configuration is loaded")

    async def demote() -> None:
        await reads_only(first, "on")
        await reads_only(second, "off")

    yield demote
    await reads_only(first, "off")
    await reads_only(second, "on")


def _place(proxy: Proxy) -> str:
    return f"127.0.0.1:{proxy.port}"


async def _reads_only(db: Any) -> bool:
    (row,) = await db.query_raw("SELECT current_setting('transaction_read_only') AS value")
    return row["value"] == "on"


@pytest.mark.parametrize(
    ("wanted", "reads_only"),
    [
        ("read-write", False),
        ("read-only", True),
        ("primary", True),  # the first that is none in recovery
        ("prefer-standby", True),  # none is in recovery, so the first
        ("any", True),
    ],
)
async def test_which_host_is_taken(
    connect: Connect, pair: Pair, wanted: str, reads_only: bool
) -> None:
    """target_session_attrs chooses among the hosts that answer."""
    places = _place(pair.standby), _place(pair.primary)
    db = await connect(pair.hosts(*places, target_session_attrs=wanted))

    assert await _reads_only(db) is reads_only


async def test_no_host_is_as_wanted(connect: Connect, pair: Pair, prisma: Any) -> None:
    """Then the error says what each host lacks."""
    pair.primary.refuse()
    url = pair.hosts(_place(pair.primary), _place(pair.standby), target_session_attrs="read-write")
    with pytest.raises(prisma.engine.errors.EngineConnectionError) as caught:
        await connect(url)

    said = str(caught.value)
    assert "P1001" in said
    assert f"{_place(pair.primary)}: [Errno" in said
    assert f"{_place(pair.standby)}: it is not read-write" in said


async def test_a_host_that_is_down(connect: Connect, pair: Pair, prisma: Any) -> None:
    """The next one is taken, and the first again once the other is gone."""
    pair.standby.refuse()
    db = await connect(pair.hosts(_place(pair.standby), _place(pair.primary)))
    assert not await _reads_only(db)
    pair.standby.listen()
    pair.primary.refuse()
    pair.primary.cut()

    await _reaches_standby(db, prisma)


async def test_a_failover(connect: Connect, pair: Pair, prisma: Any) -> None:
    """When an address leads to another server, the client follows."""
    db = await connect(pair.hosts(_place(pair.primary), connection_limit=3))
    sleeping = asyncio.create_task(db.query_raw("SELECT pg_sleep(60)::text"))
    assert not await _reads_only(db)
    async with observing(pair.url) as observer:

        async def is_asleep() -> bool:
            return await observer.running("pg_sleep(60)") == 1

        await until(is_asleep, "the query runs on the primary")
    pair.primary.target = pair.standby.target
    pair.primary.cut()

    (error,) = await asyncio.gather(sleeping, return_exceptions=True)
    assert getattr(error, "code", None) in LOST
    await _reaches_standby(db, prisma)
    await all_at_rest(db)


async def _reaches_standby(db: Any, prisma: Any) -> None:
    async def reaches() -> bool:
        try:
            return await _reads_only(db)
        except prisma.errors.DataError as error:
            if error.code in LOST:
                return False
            raise

    await until(reaches, "queries reach the other server")


async def test_a_host_that_starts_up(connect: Connect, pair: Pair) -> None:
    """One that takes no connections yet leaves them to the next."""
    pair.standby.mode = "start up"
    db = await connect(pair.hosts(_place(pair.standby), _place(pair.primary)))

    assert not await _reads_only(db)


@pytest.mark.parametrize("parameters", [{"target_session_attrs": "read-write"}, {}])
async def test_a_primary_that_is_demoted(
    connect: Connect, pair: Pair, demoted: Demote, parameters: dict[str, str]
) -> None:
    """A connection that stands, to a server that takes no writes any more, is not used again."""
    db = await connect(
        pair.hosts(_place(pair.primary), _place(pair.standby), connection_limit=1, **parameters)
    )
    await db.account.create(data={"owner": "ann"})
    await demoted()
    if not parameters:
        pair.primary.target = pair.standby.target

    with pytest.raises(Exception, match="read-only transaction"):
        await db.account.create(data={"owner": "ben"})
    await db.account.create(data={"owner": "cid"})
    assert [account.owner for account in await db.account.find_many()] == ["cid"]
    await all_at_rest(db)


async def test_a_primary_that_is_demoted_after_a_read_only_scope(
    connect: Connect, pair: Pair, demoted: Demote
) -> None:
    """A refusal that a scope asked for keeps the connection, and one after it does not."""
    places = _place(pair.primary), _place(pair.standby)
    db = await connect(pair.hosts(*places, connection_limit=1, target_session_attrs="read-write"))
    accepted = pair.primary.accepted
    with scoped({"transaction_read_only": "on"}), pytest.raises(Exception, match="read-only"):
        await db.account.create(data={"owner": "ann"})
    assert not await _reads_only(db)
    assert pair.primary.accepted == accepted
    await demoted()

    with pytest.raises(Exception, match="read-only transaction"):
        async with db.tx() as tx:
            await tx.account.create(data={"owner": "ben"})
    await db.account.create(data={"owner": "cid"})
    assert pair.primary.accepted > accepted


async def test_a_silent_host(connect: Connect, pair: Pair) -> None:
    """Each host has the limit of its own, so that a silent one leaves time for the next."""
    pair.standby.mode = "swallow"
    started = time.monotonic()
    places = _place(pair.standby), _place(pair.primary)
    db = await connect(pair.hosts(*places, connect_timeout=3))

    assert not await _reads_only(db)
    assert time.monotonic() - started >= 3


async def test_a_wrong_password_is_the_answer(connect: Connect, pair: Pair, prisma: Any) -> None:
    """As with libpq the other hosts are not asked then."""
    url = pair.hosts(_place(pair.primary), _place(pair.standby))
    url = url.replace(f":{urlsplit(pair.url).password}@", ":wrong@")
    with pytest.raises(prisma.engine.errors.EngineConnectionError, match="P1000"):
        await connect(url)

    assert (pair.primary.accepted > 0, pair.standby.accepted) == (True, 0)


@pytest.mark.parametrize("host", ["127%2E0%2E0%2E1", "localhost"])
async def test_how_a_host_is_written(connect: Connect, pair: Pair, host: str) -> None:
    """A host may be percent-encoded, or a name with several addresses."""
    db = await connect(pair.hosts(f"{host}:{pair.primary.port}"))

    assert await db.account.count() == 0


async def test_no_name_of_a_host(connect: Connect, pair: Pair, prisma: Any) -> None:
    """What can be no host's name is as one that is not there."""
    with pytest.raises(prisma.engine.errors.EngineConnectionError, match="P1001"):
        await connect(pair.hosts("a..b:5432"))


async def test_ipv6(connect: Connect, pair: Pair) -> None:
    """An address of IPv6 stands in brackets, alone or among others."""
    try:
        proxy = proxy_to(pair.primary.target, "::1")
        with proxy as six:
            pair.primary.refuse()
            place = f"[::1]:{six.port}"
            for places in ([place], [_place(pair.primary), place]):
                db = await connect(pair.hosts(*places))
                assert await db.account.count() == 0
    except OSError as error:
        if socket.has_ipv6 and "assign" not in str(error):
            raise
        pytest.skip(f"this machine has no IPv6: {error}")


async def test_ports_in_the_query(connect: Connect, pair: Pair) -> None:
    """`host=` and `port=` may hold lists, as in libpq."""
    before, _, after = pair.url.rpartition("@")
    database = after.partition("/")[2]
    pair.standby.refuse()
    db = await connect(
        with_parameters(
            f"{before}@/{database}",
            host="127.0.0.1,127.0.0.1",
            port=f"{pair.standby.port},{pair.primary.port}",
        )
    )

    assert not await _reads_only(db)
