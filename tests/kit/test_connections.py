"""Answers in one write, and heads that have to come in time; all else is as uvicorn does it."""

import asyncio
import gc
import re
import socket
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import uvicorn

pytest.importorskip("httptools", reason="uvicorn runs on h11 where it is not")

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.kit.connections import Connection

LIMIT = 10.0
SOON = 0.3  # the limit of heads here
LONG = 3 * SOON

Send = Callable[[Any], Any]


class Noted:
    """A transport that notes what is written."""

    def __init__(self, transport: asyncio.Transport, writes: list[bytes]) -> None:
        self._transport, self._writes = transport, writes

    def write(self, data: bytes) -> None:
        self._writes.append(bytes(data))
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Server:
    def __init__(self, port: int) -> None:
        self.port = port
        self.writes: list[bytes] = []
        self.connections: list[HttpToolsProtocol] = []

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def all_of(self, *parts: bytes, pause: float = 0.0) -> bytes:
        """What the server sends until it ends the connection."""
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


class Echo(asyncio.Protocol):
    """What a connection is handed to that becomes a WebSocket."""

    def __init__(self, **_: Any) -> None:
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


async def application(scope: Any, receive: Any, send: Send) -> None:
    """Each path is a kind of answer."""
    if scope["type"] == "lifespan":
        return

    async def start(status: int, *headers: tuple[bytes, bytes]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})

    async def body(data: bytes = b"", *, more: bool = False) -> None:
        await send({"type": "http.response.body", "body": data, "more_body": more})

    match scope["path"]:
        case "/plain":
            await start(200, (b"content-length", b"5"))
            await body(b"hello")
        case "/empty":
            await start(200, (b"content-length", b"0"))
            await body()
        case "/none":
            await start(204)
            await body()
        case "/parts":  # the second looks like a head
            await start(200, (b"content-length", b"49"))
            await body(b"hello", more=True)
            await body(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", more=True)
            await asyncio.sleep(LONG)
            await body(b"world")
        case "/late":  # a head that is there long before its body
            await start(200, (b"content-length", b"5"))
            await asyncio.sleep(LONG)
            await body(b"hello")
        case "/asking":  # for what the client sends once it has seen the head
            await start(200, (b"content-length", b"3"))
            await body((await receive())["body"])
        case "/refusing":  # without a look at the body
            await start(401, (b"content-length", b"2"))
            await body(b"no")
        case "/leaving":
            await start(200, (b"content-length", b"5"))
            while (await receive())["type"] != "http.disconnect":
                pass
            raise RuntimeError("broken on purpose")
        case "/chunks":
            await start(200)
            await body(b"hello", more=True)
            await asyncio.sleep(LONG)
            await body(b"world")
        case "/echo":
            data = b""
            while (message := await receive()).get("more_body") or message.get("body"):
                data += message["body"]
                if not message["more_body"]:
                    break
            await start(200, (b"content-length", str(len(data)).encode()))
            await body(data)
        case "/slow":
            await asyncio.sleep(LONG)
            await start(200, (b"content-length", b"4"))
            await body(b"slow")
        case "/broken":
            await start(200, (b"content-length", b"5"))
            raise RuntimeError("broken on purpose")
        case _:
            await start(404, (b"content-length", b"4"))
            await body(b"what")


@asynccontextmanager
async def serving(protocol: type[HttpToolsProtocol]) -> AsyncGenerator[Server]:
    listening = socket.create_server(("127.0.0.1", 0))
    made = Server(listening.getsockname()[1])

    class Watched(protocol):
        head_seconds = SOON

        def connection_made(self, transport: Any) -> None:
            made.connections.append(self)
            super().connection_made(cast("asyncio.Transport", Noted(transport, made.writes)))

    config = uvicorn.Config(
        application, http=Watched, ws=Echo, lifespan="off", log_level="critical",
        timeout_keep_alive=2, date_header=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve([listening]))
    try:
        yield made
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, LIMIT)


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with serving(Connection) as made:
        yield made


def asking(path: str, *headers: str, method: str = "GET", ends: bool = True) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers]
    if ends:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode()


REQUESTS = {
    "an answer": [asking("/plain")],
    "an answer to HEAD": [asking("/plain", method="HEAD")],
    "an empty one": [asking("/empty")],
    "one without a body": [asking("/none")],
    "one in parts": [asking("/parts")],
    "one in chunks": [asking("/chunks")],
    "one whose head is early": [asking("/late")],
    "one that does not wait for the body": [
        asking("/refusing", "Content-Length: 3", method="POST", ends=False),
        b"ab",
        b"c",
        asking("/plain"),
    ],
    "one that breaks off": [asking("/broken", ends=False)],
    "a body": [asking("/echo", "Content-Length: 3", method="POST") + b"abc"],
    "not HTTP": [b"nonsense\r\n\r\n"],
    "an old version": [b"GET /plain HTTP/1.0\r\n\r\n"],
    "an upgrade that nobody serves": [asking("/plain", "Upgrade: h2c")],
    "one after the other": [
        asking("/plain", ends=False),
        asking("/empty", ends=False),
        asking("/plain", method="HEAD", ends=False),
        asking("/chunks"),
    ],
    "all at once": [
        asking("/slow", ends=False) + asking("/none", ends=False) + asking("/plain", ends=True)
    ],
    "by the byte": [bytes([byte]) for byte in asking("/plain")],
}


@pytest.mark.parametrize("parts", REQUESTS.values(), ids=REQUESTS)
async def test_the_answers_are_those_of_uvicorn(parts: list[bytes]):
    """Byte by byte, whatever is asked."""
    answers: list[bytes] = []
    for protocol in (HttpToolsProtocol, Connection):
        async with serving(protocol) as server:
            answers.append(await server.all_of(*parts, pause=0.0))
    assert answers[0] == answers[1] != b""


async def test_an_answer_is_one_write(server: Server):
    """The head and the body; uvicorn alone writes twice."""
    await server.all_of(asking("/plain"))
    assert [write[-5:] for write in server.writes] == [b"hello"]

    async with serving(HttpToolsProtocol) as plain:
        await plain.all_of(asking("/plain"))
    assert len(plain.writes) == 2


PARTS = {
    "chunks": ("GET", "/chunks", b"5\r\nhello\r\n", b"world"),
    "parts": ("GET", "/parts", b"helloHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b"world"),
    "a head": ("GET", "/late", b"", b"hello"),
    "a head alone": ("HEAD", "/late", b"", b""),
}


@pytest.mark.parametrize(("method", "path", "first", "last"), PARTS.values(), ids=PARTS)
async def test_what_comes_in_parts_leaves_as_it_comes(
    server: Server, method: str, path: str, first: bytes, last: bytes
):
    """Neither the head nor a part waits for what is not there yet."""
    reader, writer = await server.open()
    writer.write(asking(path, method=method))
    async with asyncio.timeout(LONG / 2):
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(first)) == first
    assert (await asyncio.wait_for(reader.read(), LIMIT)).strip(b"05\r\n") == last
    writer.close()


async def test_a_head_alone_does_not_wait(server: Server):
    """Where no body follows, nor another request on the connection."""
    reader, writer = await server.open()
    async with asyncio.timeout(LIMIT):
        for method, path in (("HEAD", "/plain"), ("GET", "/empty"), ("GET", "/none")):
            writer.write(asking(path, method=method, ends=False))
            await reader.readuntil(b"\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(("path", "first"), [("/echo", b" 100 "), ("/asking", b" 200 ")])
async def test_a_body_is_asked_for_at_once(server: Server, path: str, first: bytes):
    """Who waits for `100 Continue`, or for the answer's head in its place, gets it."""
    reader, writer = await server.open()
    writer.write(asking(path, "Content-Length: 3", "Expect: 100-continue", method="POST"))
    async with asyncio.timeout(LIMIT):
        assert first in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"abc")
        assert (await reader.read()).endswith(b"abc")
    writer.close()


HEADS = {
    "nothing": [],
    "a beginning": [b"GET /plain HT"],
    "by the byte": [bytes([byte]) for byte in asking("/plain")] * 10,
    "lines without end": [b"\r\n"] * 100,
}


@pytest.mark.parametrize("parts", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "after another"])
async def test_a_slow_head_ends_the_connection(
    server: Server, parts: list[bytes], *, is_first: bool
):
    """With 408 if it has begun; else it just ends, as idle ones do."""
    before = [] if is_first else [asking("/plain", ends=False)]
    async with asyncio.timeout(2.5):
        answer = await server.all_of(*before, *parts, pause=0.05)
    has_begun = any(part.strip() for part in parts)
    expected = [b"200"] * len(before) + [b"408"] * has_begun
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == expected


async def test_a_connection_that_begins_late_has_the_whole_limit(server: Server):
    """The head's begins with its first byte."""
    reader, writer = await server.open()
    request = asking("/plain")
    async with asyncio.timeout(LIMIT):
        await asyncio.sleep(0.7 * SOON)
        writer.write(request[:5])
        await asyncio.sleep(0.7 * SOON)
        writer.write(request[5:])
        assert b" 200 " in await reader.read()
    writer.close()


async def test_a_body_that_nobody_waits_for_is_no_slow_head(server: Server):
    """Neither while it comes nor after it, nor does it take from the next head's limit."""
    reader, writer = await server.open()
    writer.write(asking("/refusing", "Content-Length: 10", method="POST", ends=False))
    request = asking("/plain")
    async with asyncio.timeout(LIMIT):
        assert b" 401 " in await reader.readuntil(b"\r\n\r\nno")
        for _ in range(10):
            writer.write(b"x")
            await asyncio.sleep(SOON / 5)
        writer.write(request[:5])
        await asyncio.sleep(0.7 * SOON)
        writer.write(request[5:])
        assert b" 200 " in await reader.read()
    writer.close()


@pytest.mark.parametrize("module", ["asyncio", "uvloop"])
def test_a_client_that_leaves_within_an_answer(module: str):
    """What was kept for it goes with it; nothing fails but the application."""
    loops = pytest.importorskip(module, reason="not on this platform")
    failures: list[dict[str, Any]] = []

    async def leave() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, found: failures.append(found))
        async with serving(Connection) as server:
            for steps in range(4):
                _, writer = await server.open()
                opened = writer.get_extra_info("socket")
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.write(asking("/leaving", ends=False))
                await asyncio.sleep(0.02 * steps)
                writer.transport.abort()  # a reset
            await asyncio.sleep(0.2)
            _, writer = await server.open()
            await asyncio.sleep(0.05)
            transport, before = server.connections[-1].transport, len(server.writes)
            transport.write(b"HTTP/1.1 200 OK\r\n\r\n")
            transport.abort()
            await asyncio.sleep(0.05)
            assert len(server.writes) == before
        gc.collect()

    with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
        runner.run(leave())
    assert failures == []


async def test_a_slow_answer_is_not_cut(server: Server):
    """The limit is the client's, not the application's; the next head's begins after the answer."""
    reader, writer = await server.open()
    writer.write(asking("/slow", ends=False) + b"GET /pl")
    async with asyncio.timeout(LIMIT):
        assert b" 200 " in await reader.readuntil(b"\r\n\r\nslow")
        writer.write(b"ain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"hello")
    writer.close()


async def test_a_websocket_has_no_head(server: Server):
    """Its connection is not uvicorn's any more."""
    reader, writer = await server.open()
    asked = asking("/", "Upgrade: websocket", "Connection: Upgrade", ends=False)
    writer.write(asked)
    async with asyncio.timeout(LIMIT):
        await reader.readuntil(b"\r\n\r\n")  # its own request, which it echoes
        await asyncio.sleep(LONG)
        writer.write(b"still there")
        assert await reader.readexactly(11) == b"still there"
    writer.close()


async def test_a_kept_connection_goes_on(server: Server):
    """However long it lasts: each head has the limit anew."""
    reader, writer = await server.open()
    async with asyncio.timeout(LIMIT):
        for _ in range(8):
            writer.write(asking("/plain", ends=False))
            assert b" 200 " in await reader.readuntil(b"\r\n\r\nhello")
            await asyncio.sleep(SOON / 4)
    writer.close()
