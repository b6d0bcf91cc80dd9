"""The single Prisma client of the main database: connect, disconnect, ready."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prisma import Prisma
from prisma.errors import (
    ClientNotConnectedError,
    DataError,
    PrismaError,
    RawQueryError,
    TransactionError,
)

from app import roles
from app.settings import ROOT, Settings
from prisma_wasm import config
from prisma_wasm.client import connect_lazily
from prisma_wasm.embedded import EmbeddedError

log = logging.getLogger(__name__)

FIRST_ATTEMPT = 3.0  # seconds that a start waits for the database before it serves without
ATTEMPT = timedelta(seconds=5)
LONGEST_PAUSE = 5.0
READY_LIMIT = 2.0

# Prisma's codes for a database that is away, and for one that is busy.
_AWAY = {"P1000", "P1001", "P1002", "P1003", "P1010", "P1017"}
_BUSY = {"P1008", "P2024", "P2034", "P2037"}
_REFUSED = {"P1000", "P1010"}  # of _AWAY: it answers, and lets the role not in
# No such table, no such column; of raw queries it is PostgreSQL's own code.
_UNMIGRATED = {"P2021", "P2022", "42P01", "42703"}

# The client of the whole service; connect() says to which database.
prisma = Prisma(use_dotenv=False)


class NotReady(Exception):  # noqa: N818  (a state, reported as such)
    """Why the service can't serve; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class NoConnection(Exception):  # noqa: N818  (a state, reported as such)
    """A connection can't be had; the message, one line, says why."""


@dataclass
class _State:
    """What is known of the connection.

    `lost` is why the database did not answer last, `unfit` is for what it was found of no use.
    """

    settings: Settings | None = None
    protected: tuple[str, ...] = ()
    connecting: asyncio.Task[None] | None = None
    lost: str = ""
    unfit: set[str] = field(default_factory=set[str])


_state = _State()


async def connect(settings: Settings, *, protected: tuple[str, ...] = ()) -> None:
    """Connect the client; while the database is away, go on trying in the background.

    `protected` are the tables without whose row-level security the service is not ready.
    """
    _state.settings = settings
    _state.protected = protected
    connected, _ = await asyncio.wait({_connect_in_background(settings)}, timeout=FIRST_ATTEMPT)
    if connected:
        with suppress(NotReady):  # what is missing is in the log
            await ready()


async def disconnect() -> None:
    if _state.connecting is not None:
        _state.connecting.cancel()
        with suppress(asyncio.CancelledError):
            await _state.connecting
    await prisma.disconnect()


async def ready() -> None:
    """Ask the database; raises NotReady unless requests can be served safely."""
    state = await _query_state()
    if state["migrated"] and not state["granted"] and await _restore_grants():
        state = await _query_state()
    missing = _reason_not_ready(state)
    if missing:
        _report_unfit(missing.detail)
        raise missing


def _reason_not_ready(state: Any) -> NotReady | None:
    if not state["migrated"]:
        return NotReady(
            "database_not_migrated",
            "The database has no tables yet: run `prisma migrate deploy`.",
        )
    if not state["granted"]:
        return NotReady(
            "database_role_unprepared",
            "The service's database role may not use the tables: run `tenantry db prepare`.",
        )
    if state["bypasses"]:
        return NotReady(
            "database_role_unsafe",
            "The service's database role bypasses row-level security: let APP_DATABASE_URL name "
            "another, or unset it and run `tenantry db prepare`.",
        )
    if state["unprotected"]:
        return NotReady(
            "database_unprotected",
            "Row-level security is missing for "
            f"{', '.join(state['unprotected'])}: run `prisma migrate deploy`; after a "
            "`prisma db push`, begin with an empty database.",
        )
    return None


def translate_database_error(error: PrismaError) -> NotReady | None:
    """Why the database, not the query, made it fail: away, busy or not migrated; logged once."""
    code = error.code if isinstance(error, DataError) else None
    if isinstance(error, RawQueryError):
        code = error.meta["code"] if error.meta else None
    if code in _UNMIGRATED:
        _report_unfit(f"{_one_line(error).rstrip('.')}: run `prisma migrate deploy`.")
        return NotReady(
            "database_not_migrated",
            "The database lacks what the service needs: run `prisma migrate deploy`.",
        )
    if code in _AWAY:
        return _report_lost(error)
    if code in _BUSY or isinstance(error, ClientNotConnectedError | TransactionError):
        return NotReady("database_unavailable", "The database does not answer: try again.")
    return None


@asynccontextmanager
async def owner_client(settings: Settings) -> AsyncGenerator[Prisma]:
    """A client as the tables' owner, for what is nobody's request; raises NoConnection."""
    async with _client(settings.direct_url or await _database_url(settings)) as client:
        yield client


async def prepare(settings: Settings, *, take_over: bool = False) -> None:
    """Make the role that the service works as, with its grants, and see that it can log in.

    A role that another installation on the server works as is left alone, unless it is taken over.
    """
    role, password = settings.app_database_role, _role_password(settings)
    async with owner_client(settings) as client:
        if not take_over:
            elsewhere = await roles.databases_elsewhere(client, role)
            if elsewhere and not await _is_ours(settings):
                raise roles.RoleError(
                    f"The role {role} has another password already and works in another database "
                    f"({', '.join(elsewhere)}). Choose another name in APP_DATABASE_ROLE. If it "
                    "is this installation's own, add the former key to FORMER_SECRET_KEYS, or run "
                    "`tenantry db prepare --take-over`, which locks out whoever else works as it."
                )
        await roles.prepare(client, role=role, password=password)
    if settings.app_database_url:
        return
    try:
        async with _client(await _role_url(settings)):
            pass
    except NoConnection as error:
        raise roles.RoleError(
            f"The role {role} is there but cannot log in ({error}). "
            f"Let an administrator run: {roles.statement('ALTER', role, password)}; "
            "or name another login in APP_DATABASE_URL."
        ) from error


async def _is_ours(settings: Settings) -> bool:
    """Whether the role logs in with a password that a secret key of this installation makes."""
    url = settings.direct_url or await _database_url(settings)
    for key in (settings.secret_key, *settings.former_secret_keys):
        password = roles.password(key.get_secret_value(), settings.app_database_role)
        with suppress(NoConnection):
            async with _client(roles.login_url(url, settings.app_database_role, password)):
                return True
    return False


async def _query_state() -> Any:
    try:
        async with asyncio.timeout(READY_LIMIT):
            state = await prisma.query_first(
                """
                SELECT
                    -- policies hold neither a table's owner nor who inherits from it
                    rolsuper OR rolbypassrls OR EXISTS (
                        SELECT FROM pg_class
                        WHERE relname = ANY($1::text[]) AND relnamespace = found.relnamespace
                            AND pg_has_role(relowner, 'USAGE')
                    ) AS "bypasses",
                    found.oid IS NOT NULL AS "migrated",
                    coalesce(
                        has_schema_privilege(found.relnamespace, 'USAGE')
                        AND has_table_privilege(found.oid, 'SELECT'), false
                    ) AS "granted",
                    ARRAY(
                        SELECT name FROM unnest($1::text[]) AS name WHERE NOT EXISTS (
                            SELECT FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid
                            WHERE relname = name AND relrowsecurity
                                AND relnamespace = found.relnamespace
                        )
                    ) AS "unprotected"
                FROM pg_roles LEFT JOIN pg_class AS found
                    ON found.relname = 'User' AND found.relkind IN ('r', 'p')
                WHERE rolname = current_user
                ORDER BY "granted" DESC LIMIT 1
                """,
                list(_state.protected),
            )
    except (PrismaError, TimeoutError) as error:
        raise _report_lost(error) from error
    if _state.lost:
        log.info("The database answers again.")
        _state.lost = ""
    return state


def _report_lost(error: BaseException) -> NotReady:
    """Say once why the database is away; an embedded server is looked for where it is now."""
    reason = _one_line(error) or f"no answer within {READY_LIMIT:.0f} s"
    told = "The database does not answer; the service's log says why."
    if isinstance(error, DataError) and error.code in _REFUSED:
        mend = "Run `tenantry db prepare`."
        if _state.settings and _state.settings.app_database_url:
            mend = "Correct APP_DATABASE_URL."
        reason = f"{reason.rstrip('.')}. {mend}"
        told = f"The database does not let the service log in. {mend}"
    is_connecting = _state.connecting is not None and not _state.connecting.done()
    if not is_connecting and reason != _state.lost:
        log.warning("The database does not answer: %s", reason)
    _state.lost = reason
    settings = _state.settings
    if settings and not is_connecting and not (settings.database_url or settings.app_database_url):
        _connect_in_background(settings)
    return NotReady("database_unavailable", told)


def _report_unfit(reason: str) -> None:
    """Say it once: probes and requests may find different things missing, by turns."""
    if reason not in _state.unfit:
        _state.unfit.add(reason)
        log.warning("Not ready to serve: %s", reason)


async def _restore_grants() -> bool:
    """In development the grants come back by themselves after `prisma migrate reset`."""
    settings = _state.settings
    if settings is None or not settings.development or settings.app_database_url:
        return False
    with suppress(NoConnection, roles.RoleError):
        await prepare(settings)
        return True
    return False


async def _service_url(settings: Settings) -> str:
    """What the service itself connects with."""
    if settings.app_database_url:
        return settings.app_database_url
    if settings.development:
        await prepare(settings)
    return await _role_url(settings)


async def _role_url(settings: Settings) -> str:
    url = await _database_url(settings)
    return roles.login_url(url, settings.app_database_role, _role_password(settings))


async def _database_url(settings: Settings) -> str:
    """DATABASE_URL, else that of the embedded server, which is started if need be."""
    if settings.database_url:
        return settings.database_url
    try:
        url = await asyncio.to_thread(config.database_url, ROOT, {})
    except (EmbeddedError, config.ConfigError) as error:
        raise NoConnection(_one_line(error)) from error
    if url is None:
        raise NoConnection("DATABASE_URL is not set.")
    return url


def _role_password(settings: Settings) -> str:
    return roles.password(settings.secret_key.get_secret_value(), settings.app_database_role)


def _connect_in_background(settings: Settings) -> asyncio.Task[None]:
    _state.connecting = asyncio.create_task(_connect_until_it_works(settings))
    return _state.connecting


async def _connect_until_it_works(settings: Settings) -> None:
    pause = 0.5
    while True:
        try:
            url = await _service_url(settings)
        except (NoConnection, roles.RoleError) as error:
            if str(error) != _state.lost:
                _state.lost = str(error)
                log.warning("No database yet, trying on: %s", error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            await prisma.disconnect()
            await connect_lazily(prisma, url=url)
            return


@asynccontextmanager
async def _client(url: str) -> AsyncGenerator[Prisma]:
    client = Prisma(use_dotenv=False, datasource={"url": url})
    try:
        await client.connect(timeout=ATTEMPT)
        yield client
    except PrismaError as error:
        raise NoConnection(_one_line(error)) from error
    finally:
        await client.disconnect()


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).removeprefix("Could not connect to the query engine: ").split())
