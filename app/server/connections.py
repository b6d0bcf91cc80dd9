"""A client's connection: uvicorn's protocol with limits.

A request's head has a maximum size and a deadline, and must say one host. Trailers, which uvicorn
appends to the headers, are counted and dropped. A client has to read what it is sent, may have
so many connections, and gets the responses to the requests before one that is refused.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.kit.limits import CONNECTION_LIMITS, ConnectionLimits
from app.server import refusals
from app.server.connection_counts import connection_counts
from app.server.transport import Transport

# Requests that wait on one connection for their turn. Reading pauses at the first of them, but the
# data that was received with it may hold thousands.
MAX_PIPELINED = 100
# So many chunks of a body may have any size; more must have this size on average, since a small one
# costs as much as a large one.
MAX_SMALL_CHUNKS = 1000
MIN_CHUNK_BYTES = 256


class _Refused(Exception):  # noqa: N818  (stops the parser, which reports a callback's error)
    """A request that exceeds a limit."""


class Connection(HttpToolsProtocol):
    """Uvicorn finds it by its name: `--http app.server.connections:Connection`."""

    transport: Any  # a Transport
    parser: Any  # None once the connection is lost

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
    _chunks = 0
    _body_bytes = 0
    _refusal: bytes | None = None
    # What to answer once the responses to earlier requests are sent.
    _last_response: bytes | None = None
    # As whose connection this one is counted; None if it is not.
    _peer: str | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.limits: ConnectionLimits = self.app_state.get(CONNECTION_LIMITS) or ConnectionLimits()

    def connection_made(self, transport: asyncio.Transport) -> None:
        made = Transport(transport, self.loop, self.limits.write_seconds)
        super().connection_made(cast("asyncio.Transport", made))
        self._counts = connection_counts(self.app_state, self.limits)
        self._peer = self._counts.admit(self.client[0] if self.client else None)
        if self._peer is None:
            made.write(refusals.TOO_MANY_CONNECTIONS)
            made.close()
        else:
            self._start_timer(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._release()
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
        if self.transport.is_closing() or self._last_response:
            self.transport.discard(len(data))
            return
        self._has_progressed = False
        self._chunk_bytes = len(data)
        super().data_received(data)
        if self.transport.is_closing() or self._last_response:
            return
        if self._has_progressed:
            self._unfinished_bytes = 0
        else:
            self._unfinished_bytes += len(data)
            if self._unfinished_bytes > self.limits.head_bytes:
                self._refuse(refusals.head_too_large(self.limits.head_bytes))
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
        self._trailers = self._chunks = self._body_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self.limits.url_bytes:
            raise self._refused(refusals.url_too_long(self.limits.url_bytes))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_head_complete:
            self._trailers += 1
            if self._trailers > self.limits.headers:
                raise self._refused(refusals.too_many_headers(self.limits.headers))
        elif len(self.headers) >= self.limits.headers:
            raise self._refused(refusals.too_many_headers(self.limits.headers))
        else:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        # Only where the data could hold a head that is too large is the head measured itself.
        limit = self.limits.head_bytes
        if self._unfinished_bytes + self._chunk_bytes > limit and self._head_size() > limit:
            raise self._refused(refusals.head_too_large(limit))
        if len(self.pipeline) >= MAX_PIPELINED:
            raise self._refused(refusals.BAD_REQUEST)
        if self.url.count(b"&") >= self.limits.query_fields:
            raise self._refused(refusals.too_many_fields(self.limits.query_fields))
        names = [name for name, _ in self.headers]
        if names.count(b"host") != 1 and (b"host" in names or self._is_new_enough()):
            raise self._refused(refusals.BAD_HOST)
        if b"transfer-encoding" in names:
            self._check_encoding()
        self._has_progressed = self._is_head_complete = self.transport.is_receiving = True
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > MAX_SMALL_CHUNKS + self._body_bytes // MIN_CHUNK_BYTES:
            raise self._refused(refusals.SMALL_CHUNKS)

    def on_body(self, body: bytes) -> None:
        self._has_progressed = True
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_progressed = True
        self._is_head_complete = self.transport.is_receiving = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser could not read, or what stopped it."""
        self._refuse(self._refusal or refusals.BAD_REQUEST)

    def on_response_complete(self) -> None:
        super().on_response_complete()  # starts the next request, if there is one
        if self._last_response and self._is_free() and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.transport.write(self._last_response)
            self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        self._release()  # another protocol has the connection now
        super().handle_websocket_upgrade()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def _head_size(self) -> int:
        # A line has a colon, a space and a line break.
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _is_new_enough(self) -> bool:
        """Return whether the request's version knows Host and Transfer-Encoding."""
        return self.parser.get_http_version() != "1.0"

    def _check_encoding(self) -> None:
        """Refuse a body whose end this server and a proxy might see in different places."""
        codings = [
            coding.strip().lower()
            for name, value in self.headers
            if name == b"transfer-encoding"
            for coding in value.split(b",")
        ]
        if codings == [b"chunked"] and self._is_new_enough():
            return
        is_framed = codings[-1] == b"chunked" and codings.count(b"chunked") == 1
        raise self._refused(
            refusals.UNKNOWN_ENCODING
            if is_framed and self._is_new_enough()
            else refusals.BAD_FRAMING
        )

    def _refused(self, response: bytes) -> _Refused:
        self._refusal = response
        return _Refused()

    def _is_free(self) -> bool:
        """Return whether no response is due."""
        return self._running is None or self._running.response_complete

    def _refuse(self, response: bytes) -> None:
        """Answer and close; first let the responses to earlier requests be sent."""
        self._stop_timer()
        self.transport.is_receiving = True
        if self._is_head_complete and self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()  # this request, whose body or trailers are at fault
        elif self._is_head_complete and self._running is self.cycle and not self._is_free():
            if not self.cycle.response_started:
                self.transport.write(response)
            self.transport.close()
            return
        if self._is_free():
            self.transport.write(response)
            self.transport.close()
        else:
            self._last_response = response
            self.flow.pause_reading()

    def _release(self) -> None:
        if self._peer is not None:
            self._counts.release(self._peer)
            self._peer = None

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
                self.transport.write(refusals.TOO_SLOW)
            self.transport.close()
