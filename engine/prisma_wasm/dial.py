"""Opening a connection: to which of the hosts, within which limit, and how soon its loss is seen.

Hosts are tried in order, each within the limit, as libpq does it. A peer that vanishes without a
word (a host that lost power, a network that drops packets) is noticed by the system's keepalive.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any, Final

from prisma_wasm.address import Address, Keepalive
from prisma_wasm.asyncpg_internals import is_without_tls, open_connection, socket_of
from prisma_wasm.database_errors import translate_connection
from prisma_wasm.driver import (
    CONNECTION_GONE,
    INTERFACE_ERROR,
    INTERNAL_ERROR,
    NOT_AS_WANTED,
    NOT_NOW,
    POSTGRES_ERROR,
    RawConnection,
    as_database_error,
)
from prisma_wasm.running_time import running_timeout
from prisma_wasm.tls import Attempts

# After these another host is tried; a wrong password, say, is the answer for all of them.
# A UnicodeError is of a name that can be no host's.
_TRY_NEXT: Final = (OSError, UnicodeError, CONNECTION_GONE, NOT_NOW, NOT_AS_WANTED)
_FAILURES: Final = (POSTGRES_ERROR, INTERFACE_ERROR, INTERNAL_ERROR)
_NO_LIMIT: Final = 3600.0  # the driver's own limit, which would count all time
_SSL_REQUEST: Final = b"\0\0\0\x08\x04\xd2\x16\x2f"

Place = tuple[str, int] | str
"""A server: its address and port, or the path of its socket."""


async def dial(address: Address) -> RawConnection:
    """Open a connection; raises P1001 and its relatives."""
    wanted = address.target_session_attrs
    # As in libpq: if no standby is to be had, any will do.
    passes = ("standby", "any") if wanted == "prefer-standby" else (wanted,)
    failures: list[tuple[str, BaseException]] = []
    for attributes in passes:
        failures.clear()
        for host, port in zip(address.hosts, address.ports, strict=True):
            try:
                return await _dial_one(address, host, port, attributes)
            except _TRY_NEXT as error:
                failures.append((f"{host}:{port}", error))
            except _FAILURES as error:
                raise translate_connection(error, f"{host}:{port}") from error
    _place, error = failures[-1]
    if len(failures) == 1 and not isinstance(error, NOT_AS_WANTED):
        raise translate_connection(error, address.place) from error
    reasons = "; ".join(f"{place}: {_reason(why, wanted)}" for place, why in failures)
    raise translate_connection(OSError(reasons), address.place) from error


async def _dial_one(address: Address, host: str, port: int, attributes: str) -> RawConnection:
    settings = dict(address.server_settings)
    if address.schema != "public" and not address.pgbouncer:
        settings["search_path"] = '"' + address.schema.replace('"', '""') + '"'
    options = {
        "host": host,
        "port": port,
        "user": address.user,
        "password": address.password,
        "database": address.database,
        "timeout": _NO_LIMIT,
        "command_timeout": address.socket_timeout,
        "statement_cache_size": 0,
        "server_settings": settings,
        "target_session_attrs": attributes,
    }
    async with running_timeout(address.connect_timeout):
        raw = await _with_or_without_tls(address.tls, options)
    if address.keepalive is not None:
        _keep_alive(raw, address.keepalive)
    return raw


async def _with_or_without_tls(attempts: Attempts, options: dict[str, Any]) -> RawConnection:
    *others, last = attempts
    for context in others:
        try:
            return await open_connection(ssl=context or False, **options)
        except Exception as error:
            if not (is_without_tls(error) or _is_refused_so(error)):
                raise
    return await open_connection(ssl=last or False, **options)


def _is_refused_so(error: Exception) -> bool:
    """Whether the server has no rule for the user with TLS, or without, and may have the other."""
    sent = as_database_error(error)
    return sent is not None and sent.sqlstate == "28000"


def _reason(error: BaseException, wanted: str) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, NOT_AS_WANTED):
        return f"it is not {wanted}"
    return str(error) or type(error).__name__


def _keep_alive(raw: RawConnection, keepalive: Keepalive) -> None:
    found = socket_of(raw)
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    options = {
        "TCP_KEEPIDLE": keepalive.idle,
        "TCP_KEEPALIVE": keepalive.idle,  # the same on macOS
        "TCP_KEEPINTVL": keepalive.interval,
        "TCP_KEEPCNT": keepalive.count,
        "TCP_USER_TIMEOUT": round(keepalive.unacknowledged * 1000),
    }
    with contextlib.suppress(OSError):
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in options.items():
            if hasattr(socket, name):
                found.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def place_of(raw: RawConnection) -> Place | None:
    """Which server a connection leads to, unless it is closed."""
    found = socket_of(raw)
    if found is None:
        return None
    try:
        peer = found.getpeername()
    except OSError:
        return None
    return peer if isinstance(peer, str) else (peer[0], peer[1])


async def is_silent(place: Place, limit: float) -> bool:
    """Whether a server takes a connection, or a question, and then says nothing at all."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with running_timeout(limit):
            if isinstance(place, str):
                reader, writer = await asyncio.open_unix_connection(place)
            else:
                reader, writer = await asyncio.open_connection(*place)
            writer.write(_SSL_REQUEST)
            await reader.read(1)
    except TimeoutError:
        return True
    except OSError:
        return False  # a refusal is an answer
    finally:
        if writer is not None:
            writer.transport.abort()
    return False
