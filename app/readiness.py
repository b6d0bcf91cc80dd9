"""Whether the service can serve safely: what the database says, remembered for every request.

Requests are refused until a check has succeeded, and again as soon as one fails. Checks run at the
start, for every GET /ready, periodically, and for requests that arrive after a failed check.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from prisma.engine.errors import EngineError
from prisma.errors import (
    ClientNotConnectedError,
    DataError,
    PrismaError,
    RawQueryError,
    TransactionError,
)

from app import db, protection
from app.db import prisma
from app.kit.tasks import cancel_and_wait
from app.settings import Settings

log = logging.getLogger(__name__)

_CHECK_EVERY = 10.0
_ANSWER_LIMIT = 2.0
# How long a failed check answers for other requests: many callers cost the database one query.
_REUSE = 1.0

# Prisma's codes for a database that is away, and for one that is busy.
_AWAY = {"P1000", "P1001", "P1002", "P1003", "P1010", "P1017"}
_BUSY = {"P1008", "P2024", "P2034", "P2037"}
_REFUSED = {"P1000", "P1010"}  # of _AWAY: it answers, and does not let the role log in
# No such table, no such column; raw queries have PostgreSQL's own codes.
_UNMIGRATED = {"P2021", "P2022", "42P01", "42703"}

_STATE = f"""
    SELECT
        -- policies hold neither a table's owner nor a role that inherits from it
        rolsuper OR rolbypassrls OR EXISTS (
            SELECT FROM pg_class
            WHERE relnamespace = home AND pg_has_role(relowner, 'USAGE') AND {protection.RELATIONS}
        ) AS "bypasses",
        found.oid IS NOT NULL AS "migrated",
        coalesce(
            has_schema_privilege(home, 'USAGE') AND has_table_privilege(found.oid, 'SELECT'), false
        ) AS "granted",
        {protection.UNPROTECTED} AS "unprotected"
    FROM pg_roles
    LEFT JOIN pg_class AS found ON found.relname = 'User' AND found.relkind IN ('r', 'p')
    CROSS JOIN LATERAL (SELECT found.relnamespace AS home) AS place
    WHERE rolname = current_user
    ORDER BY "granted" DESC LIMIT 1
"""  # noqa: S608  # constants of our own


class NotReady(Exception):  # noqa: N818  (a state, reported as such)
    """Why the service cannot serve; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass
class _State:
    """What the checks of one lifespan have found."""

    is_ready: bool = False
    failure: NotReady | None = None
    failed_at: float = 0.0
    # Why the database did not answer last, and what was found missing, to log each once.
    lost: str = ""
    reported: set[str] = field(default_factory=set[str])
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


_state = _State()


@asynccontextmanager
async def database(settings: Settings) -> AsyncGenerator[None]:
    """Connect the service's client during the block, and keep checking the database."""
    global _state
    _state = _State()
    try:
        await db.connect(settings)
        with suppress(NotReady):  # what is missing is in the log
            await check()
        checking = asyncio.create_task(_keep_checking())
        try:
            yield
        finally:
            await cancel_and_wait([checking])
    finally:
        await db.disconnect()


def is_ready() -> bool:
    """Return whether the last check succeeded and no query has lost the database since."""
    return _state.is_ready


async def ensure_ready() -> None:
    """Raise NotReady unless requests can be served safely; a failed check counts for a second."""
    state = _state
    if state.is_ready:
        return
    async with state.lock:
        if state.is_ready:
            return
        failure = state.failure
        if failure is not None and time.monotonic() < state.failed_at + _REUSE:
            raise NotReady(failure.code, failure.detail)
        await check()


async def check() -> None:
    """Ask the database; raise NotReady unless requests can be served safely."""
    state = _state
    try:
        failure = await _find_failure()
    except NotReady as error:
        failure = error
    state.is_ready, state.failure, state.failed_at = failure is None, failure, time.monotonic()
    if failure is not None:
        raise failure


async def _keep_checking() -> None:
    """Check periodically, so that protection that is lost is noticed without a request."""
    while True:
        await asyncio.sleep(_CHECK_EVERY)
        try:
            await check()
        except NotReady:  # logged once, and requests are refused
            continue
        except Exception:
            _state.is_ready = False
            log.exception("The readiness check failed, trying again")


async def _find_failure() -> NotReady | None:
    state = await _query_state()
    if state["migrated"] and not state["granted"] and await db.restore_grants():
        state = await _query_state()
    failure = await _reason_not_ready(state)
    if failure is not None:
        _report_missing(failure.detail)
    return failure


async def _reason_not_ready(state: Any) -> NotReady | None:
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
    unprotected = protection.parse_unprotected(state["unprotected"])
    if unprotected:
        detail = protection.describe(unprotected, await db.read_history())
        return NotReady("database_unprotected", detail)
    return None


def translate_database_error(error: PrismaError) -> NotReady | None:
    """Return why the database, not the query, made it fail, or None: away, busy or not migrated."""
    code = error.code if isinstance(error, DataError) else None
    if isinstance(error, RawQueryError):
        code = error.meta["code"] if error.meta else None
    if code in _UNMIGRATED:
        _report_missing(f"{db.one_line(error).rstrip('.')}: run `prisma migrate deploy`.")
        return NotReady(
            "database_not_migrated",
            "The database lacks what the service needs: run `prisma migrate deploy`.",
        )
    if code in _AWAY:
        return _report_lost(error)
    if code in _BUSY or isinstance(error, ClientNotConnectedError | EngineError | TransactionError):
        return NotReady("database_unavailable", "The database does not answer: try again.")
    return None


async def _query_state() -> Any:
    try:
        async with asyncio.timeout(_ANSWER_LIMIT):
            state = await prisma.query_first(_STATE, list(protection.PUBLIC_TABLES))
    except (PrismaError, TimeoutError) as error:
        raise _report_lost(error) from error
    if _state.lost:
        log.info("The database answers again.")
        _state.lost = ""
    return state


def _report_lost(error: BaseException) -> NotReady:
    """Log once why the database is away, and look where an embedded server is now."""
    reason = db.one_line(error) or f"no answer within {_ANSWER_LIMIT:.0f} s"
    detail = "The database does not answer; the service's log says why."
    if isinstance(error, DataError) and error.code in _REFUSED:
        correction = db.correct_login()
        reason = f"{reason.rstrip('.')}. {correction}"
        detail = f"The database does not let the service log in. {correction}"
    if not db.is_connecting() and reason != _state.lost:
        log.warning("The database does not answer: %s", reason)
    _state.lost = reason
    _state.is_ready = False
    db.reconnect_embedded()
    return NotReady("database_unavailable", detail)


def _report_missing(reason: str) -> None:
    """Log a reason once: probes and requests may find different things missing in turn."""
    if reason not in _state.reported:
        _state.reported.add(reason)
        log.warning("Not ready to serve: %s", reason)
