"""A client's connection: uvicorn's protocol with limits.

Four things differ from uvicorn. A request's head has a maximum size and a deadline. Trailers, which
uvicorn appends to the headers, are counted and dropped. A client has to read what it is sent. And
the head of a response leaves together with the beginning of its body, not in a packet of its own.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.kit.headers import NO_STORE, SECURITY_HEADERS
from app.kit.limits import CONNECTION_LIMITS, ConnectionLimits
from app.problems import phrase, render

# Requests that wait on one connection for their turn. Reading pauses at the first of them, but the
# data that was received with it may hold thousands.
MAX_PIPELINED = 100
# A client that reads more slowly than this, in bytes per second, counts as one that does not read.
MIN_READ_RATE = 1024
# How long, and how much, a client may go on sending after the response that closes the connection.
LINGER_SECONDS = 2.0
MAX_DISCARDED_BYTES = 1024 * 1024


def _response(status: int, code: str, detail: str) -> bytes:
    """Return a complete response, a problem document, after which the connection closes."""
    rendered = render(
        status, code, detail, headers={**SECURITY_HEADERS, **NO_STORE, "Connection": "close"}
    )
    status_line = f"HTTP/1.1 {status} {phrase(status)}".encode()
    lines = [status_line, *(b": ".join(header) for header in rendered.raw_headers)]
    return b"\r\n".join([*lines, b"", bytes(rendered.body)])


_BAD_REQUEST = _response(400, "bad_request", "This is not a valid HTTP request.")
_TOO_SLOW = _response(408, "head_too_slow", "The request's head did not arrive in time.")


class _Refused(Exception):  # noqa: N818  (stops the parser, which reports a callback's error)
    """A request that exceeds a limit."""


class _Transport:
    """A transport that sends a response's head and the beginning of its body together.

    It holds a head back for one iteration of the event loop: a body that is not there by then is
    sent separately. It also closes with limits: it neither waits for a client that does not read,
    nor resets a connection whose client is still sending, which would discard the response.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, write_seconds: float
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._write_seconds = write_seconds
        self._write = transport.write
        self._head = b""
        self._timer: asyncio.TimerHandle | None = None
        self._linger_timer: asyncio.TimerHandle | None = None
        self._discarded = 0
        # Whether the client may still be sending a request.
        self.is_receiving = False

    def is_closing(self) -> bool:
        return self._linger_timer is not None or self._transport.is_closing()

    def write(self, data: bytes) -> None:
        if self.is_closing():  # uvloop raises once the transport is closed
            return
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
        """Close the connection once everything is sent."""
        if self.is_closing():
            return
        self._flush()
        # A transport that closes waits for the client to read everything, for as long as it takes.
        if self._transport.get_write_buffer_size():
            self.start_write_timer()
        if self.is_receiving and self._transport.can_write_eof():
            self._linger_timer = self._loop.call_later(LINGER_SECONDS, self._transport.close)
            self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()

    def discard(self, size: int) -> None:
        """Count what arrives after `close`."""
        self._discarded += size
        if self._discarded > MAX_DISCARDED_BYTES:
            self._transport.close()

    def start_write_timer(self) -> None:
        """Abort the connection unless the client reads."""
        if self._timer is None:
            self._schedule_check(self._transport.get_write_buffer_size())

    def stop_write_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stop_timers(self) -> None:
        self.stop_write_timer()
        if self._linger_timer is not None:
            self._linger_timer.cancel()

    def _schedule_check(self, unread: int) -> None:
        self._timer = self._loop.call_later(self._write_seconds, self._check_reading, unread)

    def _check_reading(self, unread_before: int) -> None:
        unread = self._transport.get_write_buffer_size()
        if unread_before - unread < MIN_READ_RATE * self._write_seconds:
            self._timer = None
            self._transport.abort()
        else:
            self._schedule_check(unread)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """Uvicorn finds it by its name: `--http app.kit.connections:Connection`."""

    transport: Any  # a _Transport

    _timer: asyncio.TimerHandle | None = None
    # The request whose head the timer is for; None while it waits for one to begin.
    _timed: object = None
    # The request that the application answers now; `cycle` is the one that was parsed last.
    _running: RequestResponseCycle | None = None
    # Bytes fed to the parser since it last completed a head, a part of a body or a message: it
    # holds them in memory, or they are trailers or chunk extensions, which nothing else limits.
    _unfinished_bytes = 0
    _chunk_bytes = 0
    _has_progressed = False
    _is_head_complete = False
    _trailers = 0
    _refusal: bytes | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.limits: ConnectionLimits = self.app_state.get(CONNECTION_LIMITS) or ConnectionLimits()

    def connection_made(self, transport: asyncio.Transport) -> None:
        made = _Transport(transport, self.loop, self.limits.write_seconds)
        super().connection_made(cast("asyncio.Transport", made))
        self._start_timer(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.transport.stop_timers()
        # Uvicorn tells only the request that was parsed last that the client is gone.
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self.transport.start_write_timer()
        super().pause_writing()

    def resume_writing(self) -> None:
        if not self.transport.is_closing():
            self.transport.stop_write_timer()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            self.transport.discard(len(data))
            return
        self._has_progressed = False
        self._chunk_bytes = len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._has_progressed:
            self._unfinished_bytes = 0
        else:
            self._unfinished_bytes += len(data)
            if self._unfinished_bytes > self.limits.head_bytes:
                self._refuse(self._too_large())
                return
        cycle = self.cycle
        is_websocket = self.transport.get_protocol() is not self
        if is_websocket or (cycle and not cycle.response_complete):
            self._stop_timer()
        elif not cycle or cycle.scope is not self.scope:
            self._start_timer(self.scope)
        elif cycle.more_body:  # the rest of a body that nobody reads
            self._stop_timer()
        else:  # no request yet, and uvicorn's timeout for idle connections is cancelled
            self._start_timer(None)

    def on_message_begin(self) -> None:
        self._is_head_complete = False
        self._trailers = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_head_complete:
            self._trailers += 1
            if self._trailers > self.limits.headers:
                raise self._refused(self._too_many())
        elif len(self.headers) >= self.limits.headers:
            raise self._refused(self._too_many())
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        # Only where the data could hold a head that is too large is the head measured itself.
        limit = self.limits.head_bytes
        if self._unfinished_bytes + self._chunk_bytes > limit and self._head_size() > limit:
            raise self._refused(self._too_large())
        if len(self.pipeline) >= MAX_PIPELINED:
            raise self._refused(_BAD_REQUEST)
        self._has_progressed = self._is_head_complete = self.transport.is_receiving = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_progressed = True
        self._is_head_complete = self.transport.is_receiving = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser could not read, or what stopped it."""
        self._refuse(self._refusal or _BAD_REQUEST)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _head_size(self) -> int:
        # A line has a colon, a space and a line break.
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_large(self) -> bytes:
        return _response(
            431,
            "head_too_large",
            f"The request line and headers, or trailers, exceed {self.limits.head_bytes} bytes.",
        )

    def _too_many(self) -> bytes:
        return _response(
            431, "too_many_headers", f"The request has more than {self.limits.headers} headers."
        )

    def _refused(self, response: bytes) -> _Refused:
        self._refusal = response
        return _Refused()

    def _refuse(self, response: bytes) -> None:
        """Answer and close. While another response is due or under way, only close."""
        self.transport.is_receiving = True
        running = self._running
        is_free = running is None or running.response_complete
        is_own = running is self.cycle and self._is_head_complete
        if is_free or (is_own and running is not None and not running.response_started):
            self.transport.write(response)
        self.transport.close()

    def _start_timer(self, request: object) -> None:
        if self._timer is None or self._timed is not request:
            self._stop_timer()
            self._timer = self.loop.call_later(self.limits.head_seconds, self._end)
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
