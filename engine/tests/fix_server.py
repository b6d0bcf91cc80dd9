"""Fixtures of databases: an empty one, or clones of a template, on a server of the tests' own.

TEST_DATABASE_URL names another server, by a URL whose user may create databases. DATABASE_URL is
never read: no test may touch a database that somebody works with.
"""

import itertools
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import pytest

from prisma_wasm import embedded
from prisma_wasm.embedded.binaries import installed

_LIMIT = 180.0
_PSQL = ("-XqAt", "--set=ON_ERROR_STOP=1", "--file=-")
_numbers = itertools.count(1)


@dataclass
class DatabaseServer:
    """A server that tests may create databases on; `url` is its superuser's."""

    url: str
    _templates: dict[str, str] = field(default_factory=dict[str, str])

    def url_of(self, database: str) -> str:
        """The URL of another database of this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def execute(self, script: str, database: str | None = None) -> str:
        """Run SQL (or psql's commands); returns the rows as text, columns parted by `|`."""
        done = subprocess.run(
            [installed().program("psql"), f"--dbname={self._plain_url(database)}", *_PSQL],
            input=script,
            env={"PGCONNECT_TIMEOUT": "20"},
            capture_output=True,
            text=True,
            timeout=_LIMIT,
        )
        if done.returncode:
            raise RuntimeError(f"{script}: {done.stderr.strip()}")
        return done.stdout.strip()

    def _plain_url(self, database: str | None) -> str:
        """Without what only Prisma understands, such as `?schema=public`."""
        parts = urlsplit(self.url_of(database) if database else self.url)
        known = [part for part in parts.query.split("&") if part.startswith("ssl")]
        return urlunsplit(parts._replace(query="&".join(known)))

    def create(self, template: str | None = None) -> str:
        """Create a database, empty or a copy; returns its name."""
        name = f"test_{os.getpid()}_{next(_numbers)}_{secrets.token_hex(3)}"
        copied = f' TEMPLATE "{template}"' if template else " TEMPLATE template0"
        self.execute(f'CREATE DATABASE "{name}"{copied}')
        return name

    def drop(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def template(self, key: str, prepare: Callable[[str], None]) -> str:
        """A database prepared once a session by `prepare(url)`, to be cloned; returns its name."""
        if key not in self._templates:
            name = self.create()
            try:
                prepare(self.url_of(name))
            except BaseException:
                self.drop(name)
                raise
            self._templates[key] = name
        return self._templates[key]

    def drop_templates(self) -> None:
        for name in self._templates.values():
            with suppress(RuntimeError):
                self.drop(name)


@pytest.fixture(scope="session")
def server() -> Iterator[DatabaseServer]:
    """The server of this test run, gone afterwards unless TEST_DATABASE_URL named it."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        foreign = DatabaseServer(url)
        yield foreign
        foreign.drop_templates()
        return
    with embedded.temporary() as own:
        yield DatabaseServer(own.url())


@pytest.fixture
def database(server: DatabaseServer) -> Iterator[str]:
    """The URL of a fresh, empty database, dropped afterwards."""
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


@pytest.fixture
def clone(server: DatabaseServer) -> Iterator[Callable[[str], str]]:
    """`clone(template)`: the URL of a fresh copy of that database, dropped afterwards."""
    copies: list[str] = []

    def make(template: str) -> str:
        copies.append(server.create(template))
        return server.url_of(copies[-1])

    yield make
    for name in copies:
        server.drop(name)
