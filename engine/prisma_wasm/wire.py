"""What goes to the server in one message with a statement of the driver's, ahead of it or after it.

The driver sends one statement and waits for its answer. Much of what the engine sends has an answer
that nobody waits for (BEGIN, COMMIT, a scope's settings), and each would cost a way to the server
and back. PostgreSQL takes any number of statements up to a Sync, runs them one after the other, and
after an error none until the Sync: so those that give no rows are written around the driver's own,
inside of its Sync, and the driver reads the answers to all of them as its own.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, cast

_SYNC: Final = b"S\0\0\0\x04"
_LARGE: Final = 2**16  # to be copied for one write less
_SENDING: Final = ("write", "send")  # how methods that send something begin

_pack_int: Final = struct.Struct("!i").pack
_PARSE: Final = ord("P")
_unpack_int: Final = struct.Struct("!i").unpack_from
_pack_short: Final = struct.Struct("!h").pack
_NULL: Final = _pack_int(-1)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + _pack_int(len(body) + 4) + body


_EXECUTE: Final = _message(b"E", b"\0\0\0\0\0")
_BIND_NOTHING: Final = _message(b"B", b"\0\0\0\0\0\0\0\0")


def command(sql: str) -> bytes:
    """A command without arguments, as the statement without a name."""
    return _message(b"P", b"\0" + sql.encode() + b"\0\0\0") + _BIND_NOTHING + _EXECUTE


def statement(name: str, texts: Sequence[str | None]) -> bytes:
    """A statement that is prepared by this name, with its arguments as texts."""
    parts = [b"\0", name.encode(), b"\0\0\0", _pack_short(len(texts))]
    for text in texts:
        if text is None:
            parts.append(_NULL)
        else:
            encoded = text.encode()
            parts.append(_pack_int(len(encoded)))
            parts.append(encoded)
    parts.append(b"\0\0")
    return _message(b"B", b"".join(parts)) + _EXECUTE


class Declaration:
    """The types of the parameters of one statement, for the server to take and not to infer.

    The driver declares none in its Parse message, so they are put into it on its way.
    """

    __slots__ = ("_query", "_types")

    def __init__(self, sql: str, types: Sequence[int]) -> None:
        self._query = sql.encode() + b"\0"
        self._types = struct.pack(f"!H{len(types)}I", len(types), *types)

    def put_into(self, data: memoryview) -> bytes | memoryview:
        """The driver's messages, with the types if the first one is the Parse of this statement."""
        if data[0] != _PARSE:
            return data
        end = 1 + _unpack_int(data, 1)[0]
        name, _, rest = bytes(data[5:end]).partition(b"\0")
        if rest != self._query + b"\0\0":
            return data
        return _message(b"P", name + b"\0" + self._query + self._types) + bytes(data[end:])


class Wire:
    """The driver's transport.

    All that it sends goes through `write`: any other way would leave `ahead` and `after` behind.
    Whoever sets these asks `forget` afterwards whether they went.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._write = transport.write
        self.ahead = b""
        self.after = b""
        self.declaration: Declaration | None = None

    def write(self, data: Any) -> None:
        if self.declaration is not None:
            data = self.declaration.put_into(memoryview(data))
        if not (self.ahead or self.after):
            self._write(data)
            return
        parts = self._surrounded(memoryview(data))
        if len(data) < _LARGE:
            self._write(b"".join(parts))
        else:
            for part in parts:
                self._write(part)

    def writelines(self, parts: Iterable[Any]) -> None:
        self.write(b"".join(parts))

    def _surrounded(self, data: memoryview) -> list[bytes | memoryview]:
        ahead, after = self.ahead, self.after
        self.ahead = self.after = b""
        if not after:
            return [ahead, data]
        if bytes(data[-len(_SYNC) :]) != _SYNC:
            raise RuntimeError("The driver's message does not end with a Sync.")
        return [ahead, data[: -len(_SYNC)], after + _SYNC]

    def forget(self) -> bool:
        """Drop what was not written yet; return whether there was anything."""
        was_there = bool(self.ahead or self.after)
        self.ahead = self.after = b""
        return was_there

    def __getattr__(self, name: str) -> Any:
        if name.startswith(_SENDING):
            raise AttributeError(f"The driver must send by `write`, not by `{name}`.")
        return getattr(self.transport, name)


class WiredLoop:
    """The event loop as the driver sees it while it connects: what it opens are wires.

    `protocol` is the class of the driver's protocols that speak PostgreSQL's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: type[Any]) -> None:
        self._loop = loop
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)

    async def create_connection(
        self, factory: Callable[[], Any], *args: Any, **options: Any
    ) -> tuple[Any, Any]:
        return _wired(
            await self._loop.create_connection(lambda: self._met(factory()), *args, **options)
        )

    async def create_unix_connection(
        self, factory: Callable[[], Any], *args: Any, **options: Any
    ) -> tuple[Any, Any]:
        return _wired(
            await self._loop.create_unix_connection(lambda: self._met(factory()), *args, **options)
        )

    async def start_tls(self, transport: Any, *args: Any, **options: Any) -> Any:
        made = await self._loop.start_tls(transport.transport, *args, **options)
        return None if made is None else Wire(made)

    def _met(self, protocol: Any) -> Any:
        return _Meeting(protocol) if isinstance(protocol, self._protocol) else protocol


class _Meeting(asyncio.Protocol):
    """Stands for the driver's protocol until there is a transport, which it gets as a wire."""

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.wire: Wire | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire = Wire(cast("asyncio.Transport", transport))
        transport.set_protocol(self.protocol)
        self.protocol.connection_made(self.wire)


def _wired(made: tuple[Any, Any]) -> tuple[Any, Any]:
    transport, protocol = made
    if isinstance(protocol, _Meeting):
        return protocol.wire, protocol.protocol
    return Wire(transport), protocol  # what asks for TLS first
