"""A client's connection, as uvicorn has it but for two things.

An answer whose length is known leaves in one write, its head with its body, and not in two packets.
And a request's head has a limit of time: uvicorn waits for one as long as the client likes.
"""

import asyncio
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HAS_LENGTH = b"\r\ncontent-length: "
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _Joined:
    """A transport that keeps the head of an answer until the beginning of its body is written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._write = transport.write
        self._head = b""
        self._is_between = True
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._head:
            self._write(self._head + data)
            self._head = b""
        elif self._is_between and data.startswith(b"HTTP/1.1 ") and _HAS_LENGTH in data:
            self._head = data
            self._is_between = False
        else:
            self._write(data)

    def end_answer(self) -> None:
        """Write the head of one without a body; what comes next is another one's head."""
        if self._head:
            self.write(b"")
        self._is_between = True

    def close(self) -> None:
        self.end_answer()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """uvicorn finds it by its name: `--http app.kit.connections:Connection`."""

    head_seconds: ClassVar[float] = 10.0

    _joined: _Joined
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._joined = _Joined(transport)
        super().connection_made(cast("asyncio.Transport", self._joined))
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        is_serving = self.cycle and not self.cycle.response_complete
        if is_serving or self.transport.get_protocol() is not self:  # which is a WebSocket's now
            self._stop_timer()
        else:
            self._start_timer()

    def on_response_complete(self) -> None:
        self._joined.end_answer()
        super().on_response_complete()

    def _start_timer(self) -> None:
        """The limit counts from a head's first byte, and a connection's from its beginning."""
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self._end)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TOO_SLOW)
            self.transport.close()
