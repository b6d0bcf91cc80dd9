"""The one Prisma client of the main database, and clients as the owner of its tables."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from prisma import Prisma
from prisma.errors import PrismaError

from app.database import history, protection, roles
from app.kit.errors import OperatorError
from app.kit.tasks import cancel_and_wait
from app.settings import ROOT, Settings
from prisma_wasm import config
from prisma_wasm.client import connect_lazily
from prisma_wasm.embedded import EmbeddedError

log = logging.getLogger(__name__)

FIRST_ATTEMPT = 3.0  # seconds that a start waits for the database before it serves without
ATTEMPT = timedelta(seconds=5)
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 5.0

# The client of the whole service; connect() says to which database.
prisma = Prisma(use_dotenv=False)


class NoConnection(OperatorError):  # noqa: N818  (a state, reported as such)
    """No connection is possible; the message, one line, says why."""


@dataclass
class _State:
    """The settings in use, and the task that connects the client."""

    settings: Settings | None = None
    connecting: asyncio.Task[None] | None = None


_state = _State()


async def connect(settings: Settings) -> None:
    """Connect the client; while that fails, keep trying in the background."""
    _state.settings = settings
    await asyncio.wait({_connect_in_background(settings)}, timeout=FIRST_ATTEMPT)


async def disconnect() -> None:
    """Disconnect the client, and stop trying to connect it."""
    if _state.connecting is not None:
        await cancel_and_wait([_state.connecting])
    await prisma.disconnect()


def is_connecting() -> bool:
    """Return whether the client is still being connected in the background."""
    return _state.connecting is not None and not _state.connecting.done()


def reconnect_embedded() -> None:
    """Find the embedded server again, which may have another port since; other URLs stay."""
    settings = _state.settings
    if (
        settings is not None
        and not is_connecting()
        and not (settings.database_url or settings.app_database_url)
    ):
        _connect_in_background(settings)


def login_advice() -> str:
    """Say how to correct a login that the database refuses."""
    if _state.settings and _state.settings.app_database_url:
        return "Correct APP_DATABASE_URL."
    return "Run `tenantry db prepare`."


@asynccontextmanager
async def owner_client(settings: Settings) -> AsyncGenerator[Prisma]:
    """Provide a client as the owner of the tables, for work outside requests.

    Raise NoConnection if there is none.
    """
    async with _client(settings.direct_url or await _database_url(settings)) as client:
        yield client


async def prepare(settings: Settings, *, take_over: bool = False) -> None:
    """Create or update the service's role with its grants, and make sure that it can log in.

    A role that another installation on the server uses is left alone, unless it is taken over.
    """
    role, password = settings.app_database_role, _role_password(settings)
    async with owner_client(settings) as client:
        if not take_over:
            elsewhere = await roles.databases_elsewhere(client, role)
            if elsewhere and not await _is_ours(settings):
                raise roles.RoleError(
                    f"The role {role} already has another password and works in another database "
                    f"({', '.join(elsewhere)}). Choose another name in APP_DATABASE_ROLE. If it "
                    "belongs to this installation, add the former key to FORMER_SECRET_KEYS, or "
                    "run `tenantry db prepare --take-over`, which locks out every other user of it."
                )
        try:
            await roles.prepare(client, role=role, password=password)
        except PrismaError as error:
            raise roles.RoleError(
                f"The role {role} cannot be prepared: {one_line(error)}"
            ) from error
    if settings.app_database_url:
        return
    try:
        async with _client(await _role_url(settings)):
            pass
    except NoConnection as error:
        raise roles.RoleError(
            f"The role {role} exists but cannot log in ({error}). "
            f"Let an administrator run: {roles.statement('ALTER', role, password)}; "
            "or name another login in APP_DATABASE_URL."
        ) from error


async def restore_grants() -> bool:
    """Prepare the role again in development, as after `prisma migrate reset`; return whether."""
    settings = _state.settings
    if settings is None or not settings.development or settings.app_database_url:
        return False
    with suppress(NoConnection, roles.RoleError):
        await prepare(settings)
        return True
    return False


async def read_history(settings: Settings | None = None) -> history.History | None:
    """Return what the database says of its migrations, or None if the owner cannot read it.

    Without settings, use those that the service has connected with.
    """
    settings = settings or _state.settings
    if settings is None:
        return None
    with suppress(NoConnection, PrismaError):
        async with owner_client(settings) as owner:
            return await history.read_history(owner)
    return None


async def find_unprotected(settings: Settings) -> str | None:
    """Describe the tables without row-level security, or return None; raise NoConnection."""
    async with owner_client(settings) as owner:
        unprotected = await protection.find_unprotected(owner)
        if not unprotected:
            return None
        return protection.describe(unprotected, await history.read_history(owner))


def one_line(error: BaseException) -> str:
    """Return an error's message as one line."""
    return " ".join(str(error).removeprefix("Could not connect to the query engine: ").split())


async def _is_ours(settings: Settings) -> bool:
    """Return whether the role logs in with a password derived from one of our secret keys."""
    url = settings.direct_url or await _database_url(settings)
    for key in (settings.secret_key, *settings.former_secret_keys):
        password = roles.password(key.get_secret_value(), settings.app_database_role)
        with suppress(NoConnection):
            async with _client(roles.login_url(url, settings.app_database_role, password)):
                return True
    return False


async def _service_url(settings: Settings) -> str:
    """Return the URL that the service's client connects with."""
    if settings.app_database_url:
        return settings.app_database_url
    if settings.development:
        await prepare(settings)
    return await _role_url(settings)


async def _role_url(settings: Settings) -> str:
    url = await _database_url(settings)
    return roles.login_url(url, settings.app_database_role, _role_password(settings))


async def _database_url(settings: Settings) -> str:
    """Return DATABASE_URL, or the embedded server's URL after starting it if it does not run."""
    if settings.database_url:
        return settings.database_url
    try:
        url = await asyncio.to_thread(config.database_url, ROOT, {})
    except (EmbeddedError, config.ConfigError) as error:
        raise NoConnection(one_line(error)) from error
    if url is None:
        raise NoConnection("DATABASE_URL is not set.")
    return url


def _role_password(settings: Settings) -> str:
    return roles.password(settings.secret_key.get_secret_value(), settings.app_database_role)


def _connect_in_background(settings: Settings) -> asyncio.Task[None]:
    _state.connecting = asyncio.create_task(_connect_until_it_works(settings))
    return _state.connecting


async def _connect_until_it_works(settings: Settings) -> None:
    """Try until the client is connected, whatever fails; log each new reason once."""
    pause, logged = _FIRST_PAUSE, ""
    while True:
        try:
            url = await _service_url(settings)
            await prisma.disconnect()
            await connect_lazily(prisma, url=url)
        except Exception as error:
            reason = one_line(error) or repr(error)
            if reason != logged:
                # The operator can correct these; anything else is a bug and needs its traceback.
                is_expected = isinstance(error, OperatorError | PrismaError)
                log.warning("No database yet, trying again: %s", reason, exc_info=not is_expected)
                logged = reason
        else:
            return
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


@asynccontextmanager
async def _client(url: str) -> AsyncGenerator[Prisma]:
    """Provide a client; raise NoConnection if it cannot connect. Errors of queries stay as such."""
    client = Prisma(use_dotenv=False, datasource={"url": url})
    try:
        try:
            await client.connect(timeout=ATTEMPT)
        except PrismaError as error:
            raise NoConnection(one_line(error)) from error
        yield client
    finally:
        await client.disconnect()
