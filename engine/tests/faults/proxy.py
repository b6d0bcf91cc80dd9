"""A TCP proxy before a server, which does to its connections what networks do.

It runs in a thread of its own, so that it works whatever the event loop of a test is doing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Literal, TypeVar

Mode = Literal["pass", "swallow", "start up"]
T = TypeVar("T")
_LIMIT = 60.0
_TLS_REQUEST = 80_877_103
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class _Link:
    """One connection through the proxy."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server

    def cut(self) -> None:
        """Reset both sides."""
        for writer in (self.client, self.server):
            found = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            writer.transport.abort()


class Proxy:
    """Listens on a port of its own; its attributes say what it does from now on."""

    def __init__(self, target: tuple[str, int], host: str = "127.0.0.1") -> None:
        self.target = target
        self.host = host
        self.port = 0
        self.mode: Mode = "pass"
        self.delay = 0.0
        # How many bytes of the server still come through before a connection is cut.
        self.cut_after: int | None = None
        self.accepted = 0
        self._links: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self.listen()

    def stop(self) -> None:
        self.refuse()
        self.cut()
        self._do(self._end_tasks())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_LIMIT)
        self._loop.close()

    def listen(self) -> None:
        """Take connections, after `refuse` again."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Take no connections any more; those that stand stay."""
        self._do(self._refuse())

    def cut(self) -> None:
        """Reset every connection."""
        self._call(lambda: [link.cut() for link in list(self._links)])

    def half_close(self) -> None:
        """End what the server says on every connection, while the client may still speak."""
        self._call(lambda: [link.client.write_eof() for link in list(self._links)])

    @property
    def links(self) -> int:
        """How many connections stand."""
        return len(self._links)

    def heal(self) -> None:
        """Pass everything on again."""
        self.mode, self.delay, self.cut_after = "pass", 0.0, None

    def _do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_LIMIT)

    def _call(self, function: Callable[[], object]) -> None:
        async def call() -> None:
            function()

        self._do(call())

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _end_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.mode == "swallow":
            with contextlib.suppress(OSError):
                while await reader.read(2**16):
                    pass
            writer.close()
            return
        if self.mode == "start up":
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await _refuse_for_now(reader, writer)
            writer.close()
            return
        try:
            server_reader, server_writer = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, server_writer)
        self._links.add(link)
        try:
            await asyncio.gather(
                self._relay(reader, server_writer, link, is_answer=False),
                self._relay(server_reader, writer, link, is_answer=True),
            )
        except (OSError, RuntimeError, asyncio.CancelledError):
            pass  # cut, half closed, or cancelled by `stop`
        finally:
            self._links.discard(link)
            writer.close()
            server_writer.close()

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        link: _Link,
        *,
        is_answer: bool,
    ) -> None:
        while data := await reader.read(2**16):
            if self.delay:
                await asyncio.sleep(self.delay)
            if self.mode == "swallow":
                continue
            if is_answer and self.cut_after is not None:
                data, rest = data[: self.cut_after], data[self.cut_after :]
                self.cut_after -= len(data)
                writer.write(data)
                if rest or self.cut_after == 0:
                    await asyncio.sleep(0.01)  # so that what came before the reset is read
                    link.cut()
                    return
                continue
            writer.write(data)
            await writer.drain()
        if self.mode == "pass" and writer.can_write_eof():
            writer.close()


async def _refuse_for_now(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as a server that starts up, or recovers."""
    while True:
        length = int.from_bytes(await reader.readexactly(4))
        asked = await reader.readexactly(length - 4)
        if int.from_bytes(asked[:4]) != _TLS_REQUEST:
            break
        writer.write(b"N")
    fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
    await writer.drain()


@contextlib.contextmanager
def proxy_to(target: tuple[str, int], host: str = "127.0.0.1") -> Generator[Proxy]:
    """A proxy before this server, gone afterwards."""
    proxy = Proxy(target, host)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()
