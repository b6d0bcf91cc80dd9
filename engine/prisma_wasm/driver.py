"""What the engine uses of asyncpg, with types: asyncpg has none of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # asyncpg has none
from asyncpg import exceptions  # pyright: ignore[reportMissingTypeStubs]  # asyncpg has none

from prisma_wasm.wire import Wire, WiredLoop

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


async def open_connection(**options: Any) -> RawConnection:
    """Connect to a server."""
    loop = asyncio.get_running_loop()
    connection: Any = await cast("Any", asyncpg).connect(loop=WiredLoop(loop), **options)
    connection._loop = loop
    return cast("RawConnection", connection)


def execution(statement: RawStatement) -> Execute:
    """What runs a statement with its arguments.

    The driver's own `fetch` gives them to its protocol too, by five calls and two coroutines, which
    take as long as the engine's half of a query. What they check, the protocol checks as well; what
    they know of types that have changed would not help, as the connection is given up then.
    """
    made: Any = statement
    bind_execute, state = made._connection._protocol.bind_execute, made._state
    return lambda values: bind_execute(state, values, "", 0, True, None)


def wire_of(raw: RawConnection) -> Wire | None:
    """What the connection writes to."""
    transport = getattr(raw, "_transport", None)
    return transport if isinstance(transport, Wire) else None


def socket_of(raw: RawConnection) -> Any:
    """The connection's socket, if it still has one, as its event loop shows it."""
    transport = getattr(raw, "_transport", None)
    return None if transport is None else transport.get_extra_info("socket")


def cut(raw: RawConnection) -> None:
    """End the connection, from any thread and without its event loop."""
    found = socket_of(raw)
    if found is None or found.fileno() < 0:
        return
    # What uvloop shows of a socket can't shut it down; a copy of it can.
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(found.fileno())) as copy:
        copy.shutdown(socket.SHUT_RDWR)


def disown(raw: RawConnection) -> None:
    """Make the driver forget a connection that is another process's, or whose loop has ended.

    What the driver does when it finds one unclosed would reach the other's event loop.
    """
    cast("Any", raw)._aborted = True
    found = socket_of(raw)
    own = getattr(found, "_sock", None)
    if own is not None:
        own.close()
    elif found is not None and found.fileno() >= 0:
        # uvloop closes the descriptor itself, later: until then it stands for nothing.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, found.fileno(), inheritable=False)
        os.close(nothing)


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
