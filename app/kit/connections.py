"""A client's connection, as uvicorn has it but for two things.

The head of an answer leaves with the beginning of its body, and not in a packet of its own. And a
request's head has a limit of time: uvicorn waits for one as long as the client likes.
"""

import asyncio
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class _Joined:
    """A transport that keeps the head of an answer for what is written next.

    It keeps it for one step of the event loop: a body that is not there by then comes by itself.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._write = transport.write
        self._head = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._head:
            self._write(self._head + data)
            self._head = b""
        elif data.startswith(b"HTTP/1.1 "):
            self._head = data
            self._loop.call_soon(self._flush)
        else:
            self._write(data)

    def _flush(self) -> None:
        if self._head and not self.is_closing():
            self.write(b"")

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """uvicorn finds it by its name: `--http app.kit.connections:Connection`."""

    head_seconds: ClassVar[float] = 10.0

    _timer: asyncio.TimerHandle | None = None
    # The request whose head the timer is for; None: it is for one to begin.
    _timed: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(cast("asyncio.Transport", _Joined(transport, self.loop)))
        self._start_timer(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle = self.cycle
        is_websocket = self.transport.get_protocol() is not self
        if is_websocket or (cycle and not cycle.response_complete):
            self._stop_timer()
        elif not cycle or cycle.scope is not self.scope:
            self._start_timer(self.scope)
        elif cycle.more_body:  # which nobody reads any more
            self._stop_timer()
        else:  # no request yet, but uvicorn's own limit for idle connections is over
            self._start_timer(None)

    def _start_timer(self, request: object) -> None:
        if self._timer is None or self._timed is not request:
            self._stop_timer()
            self._timer = self.loop.call_later(self.head_seconds, self._end)
            self._timed = request

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            if self._timed is not None:
                self.transport.write(_TOO_SLOW)
            self.transport.close()
