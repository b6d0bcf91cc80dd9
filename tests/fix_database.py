"""Databases for tests: one server, one migrated template, and copies of it."""

import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from prisma import Prisma

from app.settings import ROOT
from prisma_wasm import embedded
from prisma_wasm.embedded.binaries import installed

PRISMA = Path(sys.executable).with_name("prisma")
COMMAND_LIMIT = 120


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Return the URL of a server on which tests may create databases and roles."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
    else:
        with embedded.temporary() as own:
            yield own.url()


@pytest.fixture(scope="session")
def empty_database(server: str) -> Iterator[Callable[[], str]]:
    """Return a function that creates empty databases, which are dropped at the end."""
    made: list[str] = []

    def make(template: str | None = None) -> str:
        name = f"tenantry_test_{uuid.uuid4().hex[:12]}"
        run_sql(server, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        made.append(name)
        return with_database(server, name)

    yield make
    for name in made:
        run_sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def template(empty_database: Callable[[], str]) -> str:
    """Return the URL of a database with all migrations."""
    url = empty_database()
    run_prisma(url, "migrate", "deploy")
    return url


@pytest.fixture
def database(empty_database: Callable[[str], str], template: str) -> str:
    """Return the owner's URL of a migrated database that no other test uses."""
    return empty_database(urlsplit(template).path.strip("/"))


@pytest.fixture
async def owner(database: str) -> AsyncIterator[Prisma]:
    """Return a Prisma client of the test's own database, as the owner."""
    async with Prisma(use_dotenv=False, datasource={"url": database}) as client:
        yield client


@pytest.fixture
def role(server: str) -> Iterator[str]:
    """Return the name of a role for the service that only this test uses."""
    name = f"tenantry_test_{uuid.uuid4().hex[:12]}"
    yield name
    if run_sql(server, f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'"):
        for database in run_sql(server, "SELECT datname FROM pg_database WHERE datallowconn"):
            run_sql(with_database(server, database), f"DROP OWNED BY {name}")
        run_sql(server, f"DROP ROLE {name}")


def run_prisma(url: str, *arguments: str) -> None:
    """Run a `prisma` command on a database."""
    subprocess.run(
        [PRISMA, *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DIRECT_URL": url},
        check=True,
        capture_output=True,
        timeout=COMMAND_LIMIT,
    )


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def run_sql(url: str, *statements: str) -> list[str]:
    """Run statements with psql; return the rows of the last one."""
    commands = [f"--command={statement}" for statement in statements]
    plain = urlunsplit(urlsplit(url)._replace(query=""))
    done = subprocess.run(
        [installed().program("psql"), "-XqAt", "--set=ON_ERROR_STOP=1", *commands, plain],
        check=True,
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT,
    )
    return done.stdout.splitlines()
