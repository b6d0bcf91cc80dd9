"""Tables with policies, a role that must obey them, and clients of that role."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from fix_client import GenerateClient, Generated
from fix_server import DatabaseServer

from .pooler import PGBOUNCER, pooled

_HERE = Path(__file__).parent

Connect = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="session")
def generated(generate_client: GenerateClient) -> Generated:
    """The client of the schema beside this file."""
    return generate_client(_HERE / "schema.prisma")


@pytest.fixture(scope="session")
def prisma(generated: Generated) -> Any:
    """The generated package, as `import prisma` would give it."""
    return generated.package


@pytest.fixture(scope="session")
def sync_prisma(generate_client: GenerateClient, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The package of the same schema with the synchronous interface."""
    text = (_HERE / "schema.prisma").read_text(encoding="utf-8")
    schema = tmp_path_factory.mktemp("scope", numbered=False) / "sync.prisma"
    schema.write_text(
        text.replace('"prisma-client-py"', '"prisma-client-py"\n  interface = "sync"')
    )
    return generate_client(schema).package


@pytest.fixture(scope="session")
def owner_url(generated: Generated, database_of: Callable[[Generated], str]) -> str:
    """The database, as its owner."""
    return database_of(generated)


@pytest.fixture(scope="session")
def url(server: DatabaseServer, owner_url: str) -> Iterator[str]:
    """The database, as a role that is neither owner nor superuser."""
    database = urlsplit(owner_url).path[1:]
    role, password = f"scope_{secrets.token_hex(6)}", secrets.token_hex(12)
    server.execute(
        (_HERE / "policies.sql").read_text(encoding="utf-8")
        + f"""
        CREATE ROLE {role} LOGIN PASSWORD '{password}';
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
        """,
        database,
    )
    parts = urlsplit(owner_url)
    place = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{role}:{password}@{place}"))
    server.execute(f"DROP OWNED BY {role}; DROP ROLE {role}", database)


@pytest.fixture
async def connect(prisma: Any, url: str) -> AsyncIterator[Connect]:
    """`await connect(connection_limit=2)`: a client with those parameters in its URL."""
    clients: list[Any] = []

    async def client(base: str | None = None, **parameters: object) -> Any:
        base = base or url
        joined = "&".join(f"{name}={value}" for name, value in parameters.items())
        separator = "&" if "?" in base else "?"
        made = prisma.Prisma(datasource={"url": f"{base}{separator}{joined}"})
        await made.connect()
        clients.append(made)
        return made

    yield client
    for made in clients:
        if made.is_connected():
            await made.disconnect()


@pytest.fixture
async def single(connect: Connect) -> Any:
    """A client with one connection, so that each use follows on the last."""
    return await connect(connection_limit=1)


@pytest.fixture(params=["true", "false"], ids=["session", "local"])
def mode(request: pytest.FixtureRequest) -> str:
    """Whether settings belong to sessions, or to transactions as behind a pooler."""
    return request.param


@pytest.fixture
async def db(connect: Connect, mode: str) -> Any:
    """A client with one connection, in both modes."""
    return await connect(connection_limit=1, session_settings=mode)


@pytest.fixture(scope="module")
def pooled_url(url: str) -> Iterator[str]:
    """The database behind a pooler that shares one session among all clients."""
    if PGBOUNCER is None:
        pytest.skip("there is no PgBouncer here (Debian: apt-get install pgbouncer)")
    with pooled(url, 1) as address:
        yield address


@pytest.fixture(params=["session", "local", "pooler"])
def any_url(request: pytest.FixtureRequest, url: str) -> str:
    """The database with settings of sessions, of transactions, and behind a pooler."""
    if request.param == "pooler":
        return request.getfixturevalue("pooled_url")
    return f"{url}?session_settings={str(request.param == 'session').lower()}"


@pytest.fixture
async def superuser(connect: Connect, owner_url: str) -> Any:
    """A client that may do everything."""
    return await connect(owner_url)


@pytest.fixture(autouse=True)
def notes(server: DatabaseServer, url: str, owner_url: str) -> None:
    """Two notes each of ada and ben, and nothing else."""
    server.execute(
        """
        TRUNCATE "Note", "Line", "Book", "Page" RESTART IDENTITY;
        INSERT INTO "Note" (owner, text) SELECT owner, owner || n
            FROM unnest(ARRAY['ada', 'ben']) AS owner, generate_series(1, 2) AS n;
        """,
        urlsplit(owner_url).path[1:],
    )
