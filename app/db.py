"""The single Prisma client of the main database: connect, disconnect, ready."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from prisma import Prisma
from prisma.errors import PrismaError

from app import roles
from app.settings import ROOT, Settings
from prisma_wasm import config
from prisma_wasm.client import connect_lazily

log = logging.getLogger(__name__)

FIRST_ATTEMPT = 3.0  # seconds that a start waits for the database before it serves without
ATTEMPT = timedelta(seconds=5)
LONGEST_PAUSE = 5.0
READY_LIMIT = 2.0

# The client of the whole service; connect() says to which database.
prisma = Prisma(use_dotenv=False)

_connecting: asyncio.Task[None] | None = None


class NotReady(Exception):  # noqa: N818  (a state, reported as such)
    """Why the service can't serve; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class NoConnection(Exception):  # noqa: N818  (a state, reported as such)
    """The owner's connection can't be had; the message says why."""


async def connect(settings: Settings) -> None:
    """Connect the client; while the database is away, go on trying in the background."""
    global _connecting
    _connecting = asyncio.create_task(_connect_until_it_works(settings))
    await asyncio.wait({_connecting}, timeout=FIRST_ATTEMPT)


async def disconnect() -> None:
    if _connecting is not None:
        _connecting.cancel()
        with suppress(asyncio.CancelledError):
            await _connecting
    await prisma.disconnect()


async def ready() -> None:
    """Ask the database; raises NotReady unless requests can be served safely."""
    try:
        async with asyncio.timeout(READY_LIMIT):
            state = await prisma.query_first(
                """
                SELECT
                    rolsuper OR rolbypassrls AS "bypasses",
                    to_regclass('"User"') IS NOT NULL AS "migrated"
                FROM pg_roles WHERE rolname = current_user
                """
            )
    except (PrismaError, TimeoutError) as error:
        raise NotReady("database_unavailable", "The database does not answer.") from error
    if not state["migrated"]:
        raise NotReady(
            "database_not_migrated",
            "The database has no tables yet: run `prisma migrate deploy`.",
        )
    if state["bypasses"]:
        raise NotReady(
            "database_role_unsafe",
            "The service's database role bypasses row-level security: run `tenantry db prepare`.",
        )


async def prepare(settings: Settings) -> None:
    """Make the role that the service works as, with its grants."""
    async with _owner(await owner_url(settings)) as owner:
        await roles.prepare(
            owner, role=settings.app_database_role, password=_role_password(settings)
        )


async def owner_url(settings: Settings) -> str:
    """The tables' owner, directly: DIRECT_URL, else DATABASE_URL, else the embedded server."""
    return settings.direct_url or await _database_url(settings)


async def _database_url(settings: Settings) -> str:
    if settings.database_url:
        return settings.database_url
    url = await asyncio.to_thread(config.database_url, ROOT, {})  # may start the embedded server
    if url is None:
        raise NoConnection("DATABASE_URL is not set.")
    return url


async def _service_url(settings: Settings) -> str:
    """What the service itself connects with."""
    if settings.app_database_url:
        return settings.app_database_url
    url = await _database_url(settings)
    if settings.development:
        await prepare(settings)
    return roles.login_url(url, settings.app_database_role, _role_password(settings))


def _role_password(settings: Settings) -> str:
    return roles.password(settings.secret_key.get_secret_value(), settings.app_database_role)


async def _connect_until_it_works(settings: Settings) -> None:
    pause, said = 0.5, ""
    while True:
        try:
            await connect_lazily(prisma, url=await _service_url(settings))
        except (PrismaError, NoConnection, roles.RoleError, OSError) as error:
            if str(error) != said:
                said = str(error)
                log.warning("No database yet, trying on: %s", said)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            return


@asynccontextmanager
async def _owner(url: str) -> AsyncGenerator[Prisma]:
    client = Prisma(use_dotenv=False, datasource={"url": url})
    try:
        await client.connect(timeout=ATTEMPT)
        yield client
    except PrismaError as error:
        raise NoConnection(str(error)) from error
    finally:
        await client.disconnect()
