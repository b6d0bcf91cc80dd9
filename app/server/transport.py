"""The transport of a client's connection, which sends few packets and closes within limits."""

import asyncio
from typing import Any

# A client that reads more slowly than this, in bytes per second, counts as one that does not read.
MIN_READ_RATE = 1024
# How long, and how much, a client may go on sending after the response that closes the connection.
LINGER_SECONDS = 2.0
MAX_DISCARDED_BYTES = 1024 * 1024


class Transport:
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
