"""The suite through a generated client: one client and one database, emptied before each test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs] - it has none
import pytest
import pytest_asyncio
from fix_client import GenerateClient, Generated
from time_limits import asynchronous_tests, limit

_HERE = Path(__file__).parent
_LIMIT = 120.0  # for a loaded machine: only what hangs takes as long

# Only tables with rows are truncated: it is what makes emptying cheap.
_EMPTYING = """
CREATE FUNCTION pg_temp.empty() RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text; filled text[] := '{}'; used boolean;
BEGIN
  FOR name IN SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO used;
    IF used THEN filled := filled || name; END IF;
  END LOOP;
  IF filled <> '{}' THEN
    EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE';
  END IF;
  PERFORM setval(format('%I.%I', schemaname, sequencename), 1, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The client and all tests that use it live in one event loop; each test has a limit."""
    for test in asynchronous_tests(items, _HERE):
        test.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
        limit(test, _LIMIT)


@pytest.fixture(scope="session")
def generated(generate_client: GenerateClient) -> Generated:
    """The client of the conformance schema."""
    return generate_client(_HERE / "schema.prisma")


@pytest.fixture(scope="session")
def prisma(generated: Generated) -> Any:
    """The generated package, as `import prisma` would give it."""
    return generated.package


@pytest.fixture(scope="session")
def url(generated: Generated, database_of: Callable[[Generated], str]) -> str:
    """The database that the tests share."""
    return database_of(generated)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_client(prisma: Any, url: str) -> AsyncIterator[Any]:
    """The one client of all tests."""
    client = prisma.Prisma(datasource={"url": url})
    await client.connect()
    yield client
    await client.disconnect()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sql(url: str) -> AsyncIterator[Any]:
    """A connection beside the client, to look at what is really in the database."""
    driver: Any = asyncpg
    connection = await driver.connect(url, timeout=_LIMIT, command_timeout=_LIMIT)
    await connection.execute(_EMPTYING)
    yield connection
    await connection.close(timeout=_LIMIT)


@pytest_asyncio.fixture(loop_scope="session")
async def db(shared_client: Any, sql: Any) -> Any:
    """A connected client and an empty database."""
    await sql.execute("SELECT pg_temp.empty()")
    return shared_client
