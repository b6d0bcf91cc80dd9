"""What the engine uses of asyncpg's public API, with types: asyncpg has none of its own.

What it uses beyond that is in `asyncpg_internals.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # asyncpg has none
from asyncpg import exceptions  # pyright: ignore[reportMissingTypeStubs]  # asyncpg has none

BitString: Any = cast("Any", asyncpg).BitString


class ParameterType(Protocol):
    """A type of PostgreSQL, as a prepared statement tells of it."""

    oid: int
    name: str
    kind: str


class Column(Protocol):
    """A column of a result."""

    name: str
    type: ParameterType


class RawStatement(Protocol):
    """A prepared statement."""

    async def fetch(self, *args: Any) -> list[Any]: ...

    def get_parameters(self) -> Sequence[ParameterType]: ...

    def get_name(self) -> str: ...

    def get_attributes(self) -> Sequence[Column]: ...


Answer = tuple[list[Any], bytes | None, bool]
"""A statement's rows, what the server says that it did, and whether that is all."""

Execute = Callable[[Sequence[Any]], Awaitable[Answer]]


class RawConnection(Protocol):
    """A connection."""

    async def prepare(self, query: str, *, name: str) -> RawStatement: ...

    async def execute(self, query: str) -> str: ...

    async def close(self, *, timeout: float) -> None: ...  # noqa: ASYNC109  # asyncpg's own name

    def terminate(self) -> None: ...

    def is_closed(self) -> bool: ...

    def is_in_transaction(self) -> bool: ...

    def get_server_pid(self) -> int: ...

    async def set_type_codec(
        self,
        typename: str,
        *,
        schema: str,
        encoder: Callable[[Any], str],
        decoder: Callable[[str], Any],
        format: str,  # noqa: A002  # asyncpg's own name
    ) -> None: ...


class DatabaseError(Exception):
    """An error that the server sent, or the driver in its place: asyncpg's PostgresError."""

    sqlstate: str | None
    message: str | None
    severity: str | None
    detail: str | None
    hint: str | None
    column_name: str | None
    constraint_name: str | None
    table_name: str | None


errors: Any = cast("Any", exceptions)
POSTGRES_ERROR: type[DatabaseError] = errors.PostgresError
INTERFACE_ERROR: type[Exception] = errors.InterfaceError
INTERNAL_ERROR: type[Exception] = errors.InternalClientError
NOT_AS_WANTED: type[Exception] = errors.TargetServerAttributeNotMatched
NOT_NOW: type[Exception] = errors.CannotConnectNowError
CONNECTION_GONE: type[Exception] = errors.ConnectionDoesNotExistError
# A row of a type that changed: its statement has run, and must not run again.
OUTDATED_TYPE: type[Exception] = errors.OutdatedSchemaCacheError
_OUTDATED_STATEMENT: tuple[type[Exception], ...] = (
    errors.InvalidCachedStatementError,
    errors.InvalidSQLStatementNameError,  # after DEALLOCATE ALL or DISCARD ALL
)


def is_outdated_statement(error: BaseException) -> bool:
    """Whether the server refused a kept statement because of what changed since it was prepared."""
    if isinstance(error, _OUTDATED_STATEMENT):
        return True
    sent = as_database_error(error)
    # Of a type that was dropped; the server does not translate its internal errors.
    return (
        sent is not None
        and sent.sqlstate == "XX000"
        and (sent.message or "").startswith("cache lookup failed for type")
    )


def as_database_error(error: BaseException) -> DatabaseError | None:
    """The error if it is the server's."""
    return error if isinstance(error, POSTGRES_ERROR) else None


def is_of_server(error: BaseException) -> bool:
    """Whether the server sent it."""
    sent = as_database_error(error)
    return sent is not None and not was_refused_here(sent)


def was_refused_here(error: DatabaseError) -> bool:
    """Whether it is the driver's own, about a value that it would not send."""
    return getattr(error, "severity", None) is None
