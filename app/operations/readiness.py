"""Whether the service can serve safely: what the database says, remembered for every request.

Requests are refused until a check has found the database safe, and again as soon as one finds it
unsafe. A database that is busy or unreachable refuses nobody in advance: queries fail by
themselves, and whoever keeps the connections busy must not shut out everybody else.

Checks run at the start, for GET /ready, periodically, soon after a lost connection, and for
requests that arrive while they are refused. Checks at the same time are one check, and its result
counts for a second, so many callers cost one query.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from prisma.engine.errors import EngineError
from prisma.errors import (
    ClientNotConnectedError,
    DataError,
    PrismaError,
    RawQueryError,
    TransactionError,
)

from app import db
from app.database import protection
from app.db import prisma
from app.encryption import Encryption, describe_missing_keys, find_missing_keys
from app.kit.tasks import cancel_and_wait
from app.settings import Settings

log = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT")

_CHECK_EVERY = 10.0
_ANSWER_LIMIT = 2.0
_REUSE = 1.0  # seconds for which the result of a check counts
# How many checks in a row may go unanswered, as on a busy database, before /ready reports it.
_MAX_UNANSWERED = 3

# Prisma's codes for a database that is unreachable, and for one that is busy.
_UNREACHABLE = {"P1000", "P1001", "P1002", "P1003", "P1010", "P1017"}
_BUSY = {"P1008", "P2024", "P2034", "P2037"}
_REFUSED = {"P1000", "P1010"}  # of _UNREACHABLE: the server does not let the role log in
# No such table, no such column; raw queries have PostgreSQL's own codes.
_UNMIGRATED = {"P2021", "P2022", "42P01", "42703"}

_UNPROTECTED = "database_unprotected"

_STATE = f"""
    SELECT
        -- Row-level security does not apply to a table's owner or to roles that inherit from it.
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
"""  # noqa: S608  # constants


class NotReady(Exception):  # noqa: N818  (a state, reported as such)
    """Why the service cannot serve; `code` is stable."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class _Unanswered(NotReady):
    """The database was too busy to answer, which says nothing about its safety."""


class _Unreachable(NotReady):
    """There is no connection to the database."""


@dataclass
class _State:
    """What the checks of one lifespan have found."""

    hides_details: bool = True
    # The ids of the configured encryption keys. Once all that are needed were found, later checks
    # skip them: another process may already use a key that this one gets at its next start.
    key_ids: tuple[str, ...] = ()
    has_keys: bool = False
    # Whether the last answer of the database was that it is safe.
    is_ready: bool = False
    # What the last check found.
    failure: NotReady | None = None
    unanswered: int = 0
    valid_until: float = -math.inf
    # Why the database did not answer last, and what was found missing, to log each once.
    lost: str = ""
    reported: set[str] = field(default_factory=set[str])
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    was_lost: asyncio.Event = field(default_factory=asyncio.Event)


_state = _State()


@asynccontextmanager
async def database(settings: Settings) -> AsyncGenerator[None]:
    """Connect the service's client during the block, and keep checking the database."""
    global _state
    _state = _State(hides_details=not settings.development, key_ids=Encryption.of(settings).ids)
    try:
        await db.connect(settings)
        with suppress(NotReady):  # it is in the log
            await check()
        checking = asyncio.create_task(_keep_checking())
        try:
            yield
        finally:
            await cancel_and_wait([checking])
    finally:
        await db.disconnect()


def is_ready() -> bool:
    """Return whether the database is safe to use, as it last answered."""
    return _state.is_ready


async def ensure_ready() -> None:
    """Raise NotReady unless requests can be served safely; ask the database if in doubt."""
    if not _state.is_ready:
        await check()


async def check() -> None:
    """Raise NotReady unless requests can be served safely, as the database said a moment ago."""
    state = _state
    async with state.lock:
        if time.monotonic() >= state.valid_until:
            state.failure = await _find_failure(state)
            if not isinstance(state.failure, _Unanswered | _Unreachable):
                state.is_ready = state.failure is None
            state.valid_until = time.monotonic() + _REUSE
        failure = state.failure
    if failure is not None:
        raise NotReady(failure.code, failure.detail)


async def _keep_checking() -> None:
    """Check periodically, so that lost protection is noticed without a request.

    After a lost connection check more often: what answers next may be another database.
    """
    state = _state
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CHECK_EVERY):
                await state.was_lost.wait()
        state.was_lost.clear()
        try:
            await check()
        except NotReady:  # logged once
            pass
        except Exception:
            state.is_ready = False
            log.exception("The readiness check failed, trying again")
        if state.lost:
            await asyncio.sleep(_REUSE)
            state.was_lost.set()


async def _find_failure(state: _State) -> NotReady | None:
    try:
        found = await _query_state()
        if found["migrated"] and not found["granted"] and await db.restore_grants():
            found = await _query_state()
        failure = await _reason_not_ready(found) or await _reason_without_keys(state)
    except _Unanswered as busy:
        state.unanswered += 1
        # Whatever it last answered still holds; without any answer there is nothing to rely on.
        return None if state.is_ready and state.unanswered < _MAX_UNANSWERED else busy
    except _Unreachable as unreachable:
        return unreachable
    state.unanswered = 0
    if failure is None:
        return None
    _report_missing(failure.detail)
    if failure.code == _UNPROTECTED and state.hides_details:
        # Anybody may ask, and the detail names tables and files.
        return NotReady(
            _UNPROTECTED, "The database is not safe to use; the service's log says why."
        )
    return failure


async def _reason_not_ready(found: Any) -> NotReady | None:
    if not found["migrated"]:
        return NotReady(
            "database_not_migrated",
            "The database has no tables yet: run `prisma migrate deploy`.",
        )
    if not found["granted"]:
        return NotReady(
            "database_role_unprepared",
            "The service's database role may not use the tables: run `tenantry db prepare`.",
        )
    if found["bypasses"]:
        return NotReady(
            "database_role_unsafe",
            "The service's database role bypasses row-level security: let APP_DATABASE_URL name "
            "another, or unset it and run `tenantry db prepare`.",
        )
    unprotected = protection.parse_unprotected(found["unprotected"])
    if unprotected:
        detail = protection.describe(unprotected, await db.read_history())
        return NotReady(_UNPROTECTED, detail)
    return None


async def _reason_without_keys(state: _State) -> NotReady | None:
    if state.has_keys:
        return None
    missing = await _answer(find_missing_keys(prisma, state.key_ids))
    if missing:
        return NotReady("encryption_key_missing", describe_missing_keys(missing))
    state.has_keys = True
    return None


def translate_database_error(error: PrismaError) -> NotReady | None:
    """Return how to answer a request whose query failed, or None if the query is at fault.

    Log what is missing, and let the next request check a database that was lost.
    """
    match _find_fault(error):
        case None:
            return None
        case "unmigrated":
            _report_missing(describe_database_error(error) or "")
            return NotReady(
                "database_not_migrated",
                "The database lacks what the service needs: run `prisma migrate deploy`.",
            )
        case "unreachable":
            _state.was_lost.set()
            return _report_lost(error)
        case "busy":
            return NotReady("database_unavailable", "The database does not answer: try again.")


def describe_database_error(error: PrismaError) -> str | None:
    """Say what is wrong with the database, or return None if the query is at fault."""
    match _find_fault(error):
        case None:
            return None
        case "unmigrated":
            return f"{db.one_line(error).rstrip('.')}: run `prisma migrate deploy`."
        case "unreachable" | "busy":
            return db.one_line(error)


def _find_fault(error: PrismaError) -> Literal["unmigrated", "unreachable", "busy"] | None:
    code = error.code if isinstance(error, DataError) else None
    if isinstance(error, RawQueryError):
        code = error.meta["code"] if error.meta else None
    if code in _UNMIGRATED:
        return "unmigrated"
    if code in _UNREACHABLE:
        return "unreachable"
    if code in _BUSY or isinstance(error, ClientNotConnectedError | EngineError | TransactionError):
        return "busy"
    return None


async def _query_state() -> Any:
    return await _answer(prisma.query_first(_STATE, list(protection.PUBLIC_TABLES)))


async def _answer(query: Coroutine[Any, Any, AnswerT]) -> AnswerT:
    """Return what the database answers; raise _Unanswered or _Unreachable if it does not."""
    try:
        async with asyncio.timeout(_ANSWER_LIMIT):
            found = await query
    except TimeoutError as error:
        raise _report_unanswered(f"no answer within {_ANSWER_LIMIT:.0f} s") from error
    except PrismaError as error:
        if isinstance(error, DataError) and error.code in _BUSY:
            raise _report_unanswered(db.one_line(error)) from error
        raise _report_lost(error) from error
    if _state.lost:
        log.info("The database answers again.")
        _state.lost = ""
    return found


def _report_unanswered(reason: str) -> _Unanswered:
    """Log once that the database does not answer in time."""
    _log_lost(reason)
    return _Unanswered("database_unavailable", "The database does not answer: try again.")


def _report_lost(error: PrismaError) -> _Unreachable:
    """Log once why there is no connection, check soon, and find a server that has moved."""
    reason = db.one_line(error)
    detail = "The database does not answer; the service's log says why."
    if isinstance(error, DataError) and error.code in _REFUSED:
        correction = db.login_advice()
        reason = f"{reason.rstrip('.')}. {correction}"
        detail = f"The database does not let the service log in. {correction}"
    _log_lost(reason)
    _state.valid_until = -math.inf
    db.reconnect_embedded()
    return _Unreachable("database_unavailable", detail)


def _log_lost(reason: str) -> None:
    if not db.is_connecting() and reason != _state.lost:
        log.warning("The database does not answer: %s", reason)
    _state.lost = reason


def _report_missing(reason: str) -> None:
    """Log a reason once, even if checks and requests alternate between several."""
    if reason not in _state.reported:
        _state.reported.add(reason)
        log.warning("Not ready to serve: %s", reason)
