"""A client of the conformance suite's schema, connected to a database for this folder's tests."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fix_client import GenerateClient, Generated

_SCHEMA = Path(__file__).parent.parent / "conformance" / "schema.prisma"
# No statement of these tests takes long; one that does fails instead of hanging.
_LIMITS = "socket_timeout=30&pool_timeout=30"


@pytest.fixture(scope="session")
def generated(generate_client: GenerateClient) -> Generated:
    """The client's package and its schema."""
    return generate_client(_SCHEMA)


@pytest.fixture(scope="session")
def package(generated: Generated) -> Any:
    """The generated package, as `import prisma` would give it."""
    return generated.package


@pytest.fixture(scope="session")
def url(generated: Generated, database_of: Callable[[Generated], str]) -> str:
    """The database of this folder's tests."""
    return f"{database_of(generated)}?{_LIMITS}"


@pytest_asyncio.fixture
async def db(package: Any, url: str) -> AsyncIterator[Any]:
    """A connected client."""
    client = package.Prisma(datasource={"url": url})
    await client.connect()
    yield client
    await client.disconnect()
