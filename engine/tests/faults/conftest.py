"""A database of accounts, a proxy before it, and clients that go through it or straight to it."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_client import GenerateClient, Generated
from fix_server import DatabaseServer
from time_limits import asynchronous_tests, limit

from .acting import LIMIT, Connect, Observer, Ticker, observing, place_of, with_parameters
from .proxy import Proxy, proxy_to

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test has a limit: what hangs is a failure, not a wait."""
    for test in asynchronous_tests(items, _HERE):
        limit(test, LIMIT)


@pytest.fixture(scope="session")
def generated(generate_client: GenerateClient) -> Generated:
    """The client of the schema beside this file."""
    return generate_client(_HERE / "schema.prisma")


@pytest.fixture(scope="session")
def prisma(generated: Generated) -> Any:
    """The generated package, as `import prisma` would give it."""
    return generated.package


@pytest.fixture(scope="session")
def sync_prisma(generate_client: GenerateClient) -> Any:
    """The same, synchronous."""
    return generate_client(_HERE / "sync.prisma").package


@pytest.fixture(scope="session")
def shared_url(generated: Generated, database_of: Callable[[Generated], str]) -> str:
    return database_of(generated)


@pytest.fixture
def url(shared_url: str, server: DatabaseServer) -> str:
    """The database, empty, and without anything that still runs from before."""
    script = """
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid();
        TRUNCATE "Account", "Entry" RESTART IDENTITY CASCADE;
    """
    server.execute(script, shared_url.rpartition("/")[2])
    return shared_url


@pytest.fixture
def proxy(url: str) -> Iterator[Proxy]:
    """A proxy before the server."""
    with proxy_to(place_of(url)) as made:
        yield made


@pytest.fixture
async def connect(prisma: Any, url: str, request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    """`await connect(connection_limit=2)`: a client, through the proxy if the test has one."""
    clients: list[Any] = []
    through: Proxy | None = (
        request.getfixturevalue("proxy") if "proxy" in request.fixturenames else None
    )

    async def client(base: str | None = None, **parameters: object) -> Any:
        target = base or url
        if base is None and through is not None:
            target = target.replace(f":{place_of(url)[1]}/", f":{through.port}/")
        made = prisma.Prisma(datasource={"url": with_parameters(target, **parameters)})
        await made.connect()
        clients.append(made)
        return made

    yield client
    for made in clients:
        if made.is_connected():
            await made.disconnect()


@pytest.fixture
async def observer(url: str) -> AsyncIterator[Observer]:
    """A connection beside the clients, straight to the server."""
    async with observing(url) as made:
        yield made


@pytest.fixture
async def ticker() -> AsyncIterator[Ticker]:
    """Measures how long the event loop was held up."""
    async with Ticker() as made:
        yield made
