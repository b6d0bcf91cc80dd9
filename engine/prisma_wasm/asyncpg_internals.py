"""All that the engine uses of asyncpg beyond its public API.

No other module may reach into asyncpg. A release that renames or moves one of these would silently
switch off what depends on it: the settings that go with a query, keepalive, the detection of
silent servers, closing. So the first connection of a process checks all of them, and fails with the
name of the version if one is missing or works differently.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import socket
from functools import cache
from typing import Any, Final, cast

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # asyncpg has none
from asyncpg import (  # pyright: ignore[reportMissingTypeStubs]  # asyncpg has none
    prepared_stmt,
    protocol,
)

from prisma_wasm.driver import Execute, RawConnection, RawStatement
from prisma_wasm.errors import QueryError
from prisma_wasm.wire import Wire, WiredLoop, command

SUPPORTED: Final = "asyncpg>=0.29,<0.33"
"""As in pyproject.toml."""

_VERSION: Final = str(cast("Any", asyncpg).__version__)
SENT_PAST_THE_WIRE: Final = "it sends statements otherwise than by its transport's `write`"

_tried: Final[set[str]] = set()  # versions on which a statement has run
_PARAMETERS: Final = ("state", "args", "portal_name", "limit", "return_extra", "timeout")


async def open_connection(**options: Any) -> RawConnection:
    """Connect to a server; raise QueryError if this version of asyncpg is not supported."""
    _check_classes()
    loop = asyncio.get_running_loop()
    wired = WiredLoop(loop, cast("Any", protocol).Protocol)
    connection: Any = await cast("Any", asyncpg).connect(loop=wired, **options)
    connection._loop = loop
    try:
        await _check_connection(connection)
    except BaseException:
        connection.terminate()
        raise
    return cast("RawConnection", connection)


def is_without_tls(error: BaseException) -> bool:
    """Whether a connection failed since the server does not speak TLS."""
    # The driver raises it without a class or a code of its own.
    return isinstance(error, ConnectionError) and "rejected SSL upgrade" in str(error)


def unsupported(reason: str) -> QueryError:
    """Return the error for a version of asyncpg that behaves in another way than known ones."""
    return QueryError(
        None,
        f"asyncpg {_VERSION} is not supported by this version of prisma-wasm: {reason}."
        f" Install {SUPPORTED}.",
    )


@cache
def _check_classes() -> None:
    """Raise QueryError if asyncpg's classes lack something that this module uses."""
    made: Any = protocol
    used: dict[type[Any], tuple[str, ...]] = {
        cast("Any", asyncpg).Connection: ("_aborted", "_loop", "_protocol", "_transport"),
        cast("Any", prepared_stmt).PreparedStatement: ("_connection", "_state"),
        made.Protocol: ("bind_execute",),
    }
    for class_, names in used.items():
        for name in names:
            if not hasattr(class_, name):
                raise unsupported(f"its {class_.__name__} has no `{name}`")
    try:
        found = tuple(inspect.signature(made.Protocol.bind_execute).parameters)
    except ValueError:
        return  # before 0.30 the method tells nothing of its parameters
    if found not in (_PARAMETERS, ("self", *_PARAMETERS)):
        raise unsupported(f"`bind_execute` takes {', '.join(found)}")


async def _check_connection(connection: Any) -> None:
    """Raise QueryError if statements do not run, or are not sent, as this module expects."""
    wire = connection._transport
    if not isinstance(wire, Wire):
        raise unsupported(f"its connection writes to a {type(wire).__name__}")
    if _VERSION in _tried:
        return
    run = execution(await connection.prepare("SELECT 1", name=""))
    wire.ahead = command("SELECT WHERE false")
    try:
        answer: object = await run([])
    except TypeError as error:
        raise unsupported(str(error)) from error
    if wire.forget():
        raise unsupported(SENT_PAST_THE_WIRE)
    match answer:
        case ([_], b"SELECT 1", True):
            _tried.add(_VERSION)
        case _:
            raise unsupported(f"`bind_execute` answers {answer!r}")


def execution(statement: RawStatement) -> Execute:
    """Return what runs a statement with its arguments.

    The driver's own `fetch` gives them to its protocol too, by five calls and two coroutines, which
    take as long as the engine's half of a query. What they check, the protocol checks as well; what
    they know of types that have changed would not help, as the connection is given up then.
    """
    made: Any = statement
    bind_execute, state = made._connection._protocol.bind_execute, made._state
    return lambda values: bind_execute(state, values, "", 0, True, None)


def wire_of(raw: RawConnection) -> Wire:
    """Return what the connection writes to."""
    return cast("Any", raw)._transport


def socket_of(raw: RawConnection) -> Any:
    """Return the connection's socket as its event loop shows it, or None if it has none left."""
    return cast("Any", raw)._transport.get_extra_info("socket")


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
    own = getattr(found, "_sock", None)  # asyncio's; uvloop has its own kind
    if own is not None:
        own.close()
    elif found is not None and found.fileno() >= 0:
        # uvloop closes the descriptor itself, later: until then it stands for nothing.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, found.fileno(), inheritable=False)
        os.close(nothing)
