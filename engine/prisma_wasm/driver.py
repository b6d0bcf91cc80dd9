"""What the engine uses of asyncpg, with types: asyncpg has none of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def get_attributes(self) -> Sequence[Column]: ...

    def get_statusmsg(self) -> str | None: ...


class RawConnection(Protocol):
    """A connection."""

    async def prepare(self, query: str, *, name: str) -> RawStatement: ...

    async def execute(self, query: str) -> str: ...

    async def close(self, *, timeout: float) -> None: ...  # noqa: ASYNC109  # asyncpg's own name

    def terminate(self) -> None: ...

    def is_closed(self) -> bool: ...

    def is_in_transaction(self) -> bool: ...

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


async def open_connection(**options: Any) -> RawConnection:
    """Connect to a server."""
    connection: Any = await cast("Any", asyncpg).connect(**options)
    return cast("RawConnection", connection)


errors: Any = cast("Any", exceptions)
POSTGRES_ERROR: type[DatabaseError] = errors.PostgresError
INTERFACE_ERROR: type[Exception] = errors.InterfaceError
CONNECTION_GONE: type[Exception] = errors.ConnectionDoesNotExistError
OUTDATED_STATEMENT: tuple[type[Exception], ...] = (
    errors.OutdatedSchemaCacheError,
    errors.InvalidCachedStatementError,
)


def as_database_error(error: BaseException) -> DatabaseError | None:
    """The error if it is the server's."""
    return error if isinstance(error, POSTGRES_ERROR) else None


def was_refused_here(error: DatabaseError) -> bool:
    """Whether it is the driver's own, about a value that it would not send."""
    return getattr(error, "severity", None) is None
