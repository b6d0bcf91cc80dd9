"""A generated client of each interface, and an empty database for each test."""

import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fix_client import GenerateClient, Generated
from fix_server import DatabaseServer
from time_limits import asynchronous_tests, limit

_HERE = Path(__file__).parent
_LIMIT = 120.0  # for a loaded machine: only what hangs takes as long


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test a limit: what hangs is a failure, not a wait."""
    for test in asynchronous_tests(items, _HERE):
        limit(test, _LIMIT)


@pytest.fixture(scope="session")
def generated(generate_client: GenerateClient) -> Generated:
    """The asyncio client of the schema beside this file."""
    return generate_client(_HERE / "schema.prisma")


@pytest.fixture(scope="session")
def prisma(generated: Generated) -> Any:
    """The generated package, as `import prisma` would give it."""
    return generated.package


@pytest.fixture(scope="session")
def sync_prisma(generate_client: GenerateClient) -> Any:
    """The same of the synchronous client."""
    return generate_client(_HERE / "sync.prisma").package


@pytest.fixture(scope="session")
def shared_url(generated: Generated, database_of: Callable[[Generated], str]) -> str:
    return database_of(generated)


@pytest.fixture
def url(shared_url: str, server: DatabaseServer) -> str:
    """The database, empty."""
    tables = 'TRUNCATE "User", "Post" RESTART IDENTITY CASCADE'
    server.execute(tables, shared_url.rpartition("/")[2])
    return shared_url


@pytest.fixture
async def db(prisma: Any, url: str) -> AsyncIterator[Any]:
    """A connected asyncio client."""
    client = prisma.Prisma(datasource={"url": url})
    await client.connect()
    yield client
    if client.is_connected():
        await client.disconnect()


@pytest.fixture
def sync_db(sync_prisma: Any, url: str) -> Iterator[Any]:
    """A connected synchronous client."""
    client = sync_prisma.Prisma(datasource={"url": url})
    client.connect()
    yield client
    if client.is_connected():
        client.disconnect()


@dataclass(frozen=True)
class Program:
    """How a program ended and what it printed."""

    code: int
    out: str
    err: str


RunProgram = Callable[..., Program]


@pytest.fixture
def run_program(generated: Generated, url: str, tmp_path: Path) -> RunProgram:
    """`run_program(code)`: run Python in a process of its own, where `prisma` is the client."""

    def run(code: str, **variables: str) -> Program:
        head = f"import sys, {generated.name} as prisma\nsys.modules['prisma'] = prisma\n"
        done = subprocess.run(
            [sys.executable, "-c", head + textwrap.dedent(code)],
            env=os.environ | {"PYTHONPATH": str(generated.folder), "DATABASE_URL": url} | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        return Program(done.returncode, done.stdout, done.stderr)

    return run
