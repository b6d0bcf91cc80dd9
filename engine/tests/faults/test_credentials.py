"""Short-lived credentials: a password or a URL that is asked for with each new connection."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from fix_server import DatabaseServer

from prisma_wasm import credentials as credentials_module
from prisma_wasm.client import connect_lazily, credentials

from .acting import LONGEST_GAP, Observer, Ticker, place_of, with_parameters


class _Role:
    """A role whose password changes."""

    def __init__(self, server: DatabaseServer, url: str) -> None:
        self.server = server
        self.name = f"rotated_{os.getpid()}"
        self.password = ""
        self.database = urlsplit(url).path[1:]
        host, port = place_of(url)
        self.url = f"postgresql://{self.name}@{host}:{port}/{self.database}"

    def rotate(self, password: str) -> None:
        self.password = password
        self.server.execute(f"ALTER ROLE {self.name} PASSWORD '{password}'")

    def full_url(self) -> str:
        return self.url.replace("@", f":{self.password}@")


@pytest.fixture
def role(server: DatabaseServer, url: str) -> Iterator[_Role]:
    made = _Role(server, url)
    server.execute(f"CREATE ROLE {made.name} LOGIN")
    server.execute(f'GRANT SELECT ON "Account" TO {made.name}', made.database)
    made.rotate("first")
    yield made
    server.execute(f"DROP OWNED BY {made.name}", made.database)
    server.execute(f"DROP ROLE {made.name}")


def _sync(role: _Role) -> dict[str, Callable[[], Any]]:
    return {"password": lambda: role.password}


def _async(role: _Role) -> dict[str, Callable[[], Any]]:
    async def password() -> str:
        return role.password

    return {"password": password}


def _url(role: _Role) -> dict[str, Callable[[], Any]]:
    return {"url": role.full_url}


@pytest.mark.parametrize("given", [_sync, _async, _url])
async def test_each_connection_asks_anew(
    prisma: Any, role: _Role, observer: Observer, given: Callable[[_Role], dict[str, Any]]
) -> None:
    """After a change of the password the next connection has the new one."""
    db = prisma.Prisma(datasource={"url": role.url})
    credentials(db, **given(role))
    async with db:
        assert await db.account.count() == 0
        role.rotate("second")
        await observer.terminate_others()
        for _ in range(20):
            try:
                assert await db.account.count() == 0
                break
            except prisma.errors.DataError as error:
                if error.code != "P1017":
                    raise
        else:
            pytest.fail("no query works after the change")


async def test_with_a_synchronous_client(sync_prisma: Any, role: _Role) -> None:
    """A synchronous client has them in the same way."""
    db = sync_prisma.Prisma(datasource={"url": role.url})
    credentials(db, password=lambda: role.password)
    with db:
        assert db.account.count() == 0


async def test_a_callback_that_blocks(prisma: Any, role: _Role, ticker: Ticker) -> None:
    """A function that takes its time does not hold up the event loop."""

    def password() -> str:
        time.sleep(2.5)
        return role.password

    db = prisma.Prisma(datasource={"url": role.url})
    credentials(db, password=password)
    await db.connect()
    await db.disconnect()
    assert ticker.longest < LONGEST_GAP


def _fails() -> str:
    raise LookupError("no token")


async def _hangs() -> str:
    await asyncio.sleep(60)
    return ""


@pytest.mark.parametrize(
    ("password", "said"),
    [
        (_fails, "`password` callback failed: LookupError: no token"),
        (_hangs, "`password` callback did not answer within 0.3 s"),
        (lambda: 42, "`password` callback gave a value of type int, not str"),
        (lambda: "wrong", "Authentication failed"),
    ],
)
async def test_a_callback_that_fails(
    prisma: Any, role: _Role, password: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What went wrong is said, when connecting or with the query that needed a connection."""
    monkeypatch.setattr(credentials_module, "_LIMIT", 0.3)
    db = prisma.Prisma(datasource={"url": role.url})
    credentials(db, password=password)
    with pytest.raises(prisma.engine.errors.EngineConnectionError, match="P1000") as refused:
        await db.connect()
    assert said in str(refused.value)
    await connect_lazily(db)
    with pytest.raises(prisma.errors.DataError) as caught:
        await db.account.count()
    assert (caught.value.code, said in str(caught.value)) == ("P1000", True)
    credentials(db, password=lambda: role.password)
    await db.disconnect()
    async with db:
        assert await db.account.count() == 0


async def test_a_url_that_cannot_be_meant(prisma: Any) -> None:
    """A URL of a callback is checked as any other."""
    db = prisma.Prisma()
    credentials(db, url=lambda: "mysql://ann:secret@host/db")
    with pytest.raises(prisma.engine.errors.EngineConnectionError, match="P1012") as caught:
        await db.connect()
    assert "secret" not in str(caught.value)


async def test_limits_of_a_url(prisma: Any, role: _Role) -> None:
    """What the first URL says of the pool holds."""
    db = prisma.Prisma()
    credentials(db, url=lambda: with_parameters(role.full_url(), connection_limit=7))
    async with db:
        assert db._internal_engine.engine.address.connection_limit == 7
