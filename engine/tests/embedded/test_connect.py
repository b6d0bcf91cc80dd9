"""A client whose database is the project's embedded server: `connect()` starts that.

The server takes from half a second to a minute, the first time. What else runs in the event loop
must not stand still meanwhile.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fix_client import GenerateClient

from prisma_wasm import config, embedded
from prisma_wasm.client import connect_lazily

SCHEMA = Path(__file__).parent / "schema.prisma"
TICKS = 20
LIMIT = 30.0


@pytest.fixture
def client(
    generate_client: GenerateClient, project: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A client of a project with an embedded database."""
    generated = generate_client(SCHEMA)
    text = '[project]\nname = "notes"\n[tool.prisma-wasm]\ndatabase = "embedded"\n'
    (project / "pyproject.toml").write_text(text)
    monkeypatch.chdir(project)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    # The generated package lies below this repository, whose own settings come first otherwise.
    found = config.find(project)

    def find(_start: Path) -> config.ProjectConfig | None:
        return found

    monkeypatch.setattr(config, "find", find)
    return generated.package.Prisma()


class Ticker:
    """Counts how often the event loop comes round."""

    def __init__(self) -> None:
        self.count = 0
        self.enough = threading.Event()

    async def run(self) -> None:
        while True:
            self.count += 1
            if self.count >= TICKS:
                self.enough.set()
            await asyncio.sleep(0)

    @asynccontextmanager
    async def ticking(self) -> AsyncGenerator[None]:
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()


@pytest.fixture
def slow_server(monkeypatch: pytest.MonkeyPatch) -> Ticker:
    """An embedded server that starts once the event loop has come round a few times."""
    ticker = Ticker()

    def ensure(*_: object, **__: object) -> None:
        assert ticker.enough.wait(LIMIT), "the event loop stands still while the server starts"
        raise embedded.EmbeddedError("no server today")

    monkeypatch.setattr(embedded, "ensure", ensure)
    return ticker


async def test_the_event_loop_goes_on_while_the_server_starts(
    client: Any, slow_server: Ticker
) -> None:
    """What the start fails with is raised by `connect()`, as before."""
    async with slow_server.ticking():
        with pytest.raises(embedded.EmbeddedError, match="no server today"):
            await client.connect()


async def test_connecting_lazily_does_not_block_either(client: Any, slow_server: Ticker) -> None:
    """It needs the URL too."""
    async with slow_server.ticking():
        with pytest.raises(embedded.EmbeddedError, match="no server today"):
            await connect_lazily(client)


async def test_connecting_may_be_cancelled_while_the_server_starts(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller does not wait for a start that takes long; the loop ends without it, too."""
    release = threading.Event()
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ensure(*_: object, **__: object) -> None:
        loop.call_soon_threadsafe(begun.set)
        release.wait(LIMIT)
        raise embedded.EmbeddedError("too late")

    monkeypatch.setattr(embedded, "ensure", ensure)
    task = asyncio.create_task(client.connect())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()


async def test_clients_that_connect_at_once_share_the_server(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real server, started by one of three `connect()`; the event loop goes on meanwhile."""
    clients = [client, type(client)(), type(client)()]
    ticker = Ticker()
    meanwhile: list[int] = []
    real = embedded.ensure

    def ensure(*arguments: Any, **options: Any) -> embedded.Server:
        before = ticker.count
        server = real(*arguments, **options)
        meanwhile.append(ticker.count - before)
        return server

    monkeypatch.setattr(embedded, "ensure", ensure)
    async with ticker.ticking():
        await asyncio.gather(*(each.connect() for each in clients))
    assert len(meanwhile) == 3
    assert max(meanwhile) > TICKS
    try:
        answers = [await each.query_raw("SELECT current_database() AS name") for each in clients]
    finally:
        for each in clients:
            await each.disconnect()
    assert answers == [[{"name": "notes"}]] * 3
