"""A uvicorn server in this process, with a small application, for tests of the protocol."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.kit.limits import ConnectionLimits
from app.server.connections import Connection

LIMIT = 10.0
SOON = 0.3  # the deadline of heads
LONG = 3 * SOON
KEEP_ALIVE = 2  # the deadline of idle connections
LIMITS = ConnectionLimits(head_seconds=SOON)
MEGABYTE = b"x" * 1_000_000

Send = Callable[[Any], Any]


class RecordingTransport:
    """A transport that records what is written."""

    def __init__(self, transport: asyncio.Transport, writes: list[bytes]) -> None:
        self._transport, self._writes = transport, writes

    def write(self, data: bytes) -> None:
        self._writes.append(bytes(data))
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


@dataclass
class Server:
    """A running server, and what it has done."""

    port: int
    running: uvicorn.Server
    writes: list[bytes] = field(default_factory=list[bytes])
    connections: list[HttpToolsProtocol] = field(default_factory=list[HttpToolsProtocol])
    lost: int = 0
    # The responses that come in parts wait for it before the last one.
    next_part: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def exchange(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """Send the parts; return what the server sends until it closes the connection."""
        self.next_part.set()
        reader, writer = await self.open()
        reading = asyncio.ensure_future(reader.read())
        for part in parts:
            if reading.done():
                break
            writer.write(part)
            await asyncio.sleep(pause)
        try:
            return await asyncio.wait_for(reading, LIMIT)
        finally:
            writer.close()

    async def wait_until_lost(self, count: int = 1) -> None:
        """Wait until `count` connections are closed."""
        async with asyncio.timeout(LIMIT):
            while self.lost < count:  # noqa: ASYNC110  (a poll is simpler)
                await asyncio.sleep(0.01)

    async def wait_until_idle(self) -> None:
        """Wait until the application has finished all requests."""
        async with asyncio.timeout(LIMIT):
            while self.running.server_state.tasks:  # noqa: ASYNC110  (as above)
                await asyncio.sleep(0.01)


class Echo(asyncio.Protocol):
    """The protocol that a connection is handed to when it becomes a WebSocket."""

    def __init__(self, **_: Any) -> None:
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def application(scope: Any, receive: Any, send: Send) -> None:
    """Respond in the way that the path names."""

    async def start(status: int, *headers: tuple[bytes, bytes]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(data: bytes = b"", *, more: bool = False) -> None:
        await send({"type": "http.response.body", "body": data, "more_body": more})

    async def read() -> bytes:
        data = b""
        while (message := await receive())["type"] == "http.request":
            data += message["body"]
            if not message["more_body"]:
                break
        return data

    async def respond(data: bytes) -> None:
        await start(200, (b"content-length", str(len(data)).encode()))
        await body(data)

    match scope["path"]:
        case "/plain":
            await respond(b"hello")
        case "/empty":
            await respond(b"")
        case "/none":
            await start(204)
            await body()
        case "/parts":  # the second looks like a head
            await start(200, (b"content-length", b"49"))
            await body(b"hello", more=True)
            await body(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", more=True)
            await scope["next_part"].wait()
            await body(b"world")
        case "/late":  # the head is there long before the body
            await start(200, (b"content-length", b"5"))
            await scope["next_part"].wait()
            await body(b"hello")
        case "/asking":  # for what the client sends once it has seen the head
            await start(200, (b"content-length", b"3"))
            await body((await receive())["body"])
        case "/refusing":  # without reading the body
            await start(401, (b"content-length", b"2"))
            await body(b"no")
        case "/leaving":
            await start(200, (b"content-length", b"5"))
            while (await receive())["type"] != "http.disconnect":
                pass
            raise RuntimeError("broken on purpose")
        case "/waiting":  # until the client is gone
            while (await receive())["type"] != "http.disconnect":
                pass
        case "/chunks":
            await start(200)
            await body(b"hello", more=True)
            await scope["next_part"].wait()
            await body(b"world")
        case "/echo":
            await respond(await read())
        case "/headers":  # as they are when the whole body was read
            await read()
            await respond(b"\n".join(b": ".join(header) for header in scope["headers"]))
        case "/megabytes":
            await start(200)
            for _ in range(20):
                await body(MEGABYTE, more=True)
            await body()
        case "/megabyte":
            await respond(20 * MEGABYTE)
        case "/slow":
            await asyncio.sleep(LONG)
            await respond(b"slow")
        case "/broken":
            await start(200, (b"content-length", b"5"))
            raise RuntimeError("broken on purpose")
        case _:
            await start(404, (b"content-length", b"4"))
            await body(b"what")


@asynccontextmanager
async def serving(
    protocol: type[HttpToolsProtocol] = Connection, limits: ConnectionLimits = LIMITS
) -> AsyncGenerator[Server]:
    """Serve the application on a free port."""
    listening = socket.create_server(("127.0.0.1", 0))

    class Watched(protocol):
        def connection_made(self, transport: Any) -> None:
            made.connections.append(self)
            self.limits = limits
            recording = RecordingTransport(transport, made.writes)
            super().connection_made(cast("asyncio.Transport", recording))

        def connection_lost(self, exc: Exception | None) -> None:
            made.lost += 1
            super().connection_lost(exc)

    async def respond(scope: Any, receive: Any, send: Send) -> None:
        await application({**scope, "next_part": made.next_part}, receive, send)

    config = uvicorn.Config(
        respond, http=Watched, ws=Echo, lifespan="off", log_config=None,
        timeout_keep_alive=KEEP_ALIVE, date_header=False,
    )  # fmt: skip
    made = Server(listening.getsockname()[1], uvicorn.Server(config))
    task = asyncio.ensure_future(made.running.serve([listening]))
    try:
        yield made
    finally:
        made.running.should_exit = True
        await asyncio.wait_for(task, LIMIT)


def request(path: str, *headers: str, method: str = "GET", closes: bool = True) -> bytes:
    """Return a request's head; unless told otherwise, it asks to close the connection."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    if closes:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode()
