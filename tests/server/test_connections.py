"""Responses in one write, and heads with a deadline; everything else is as uvicorn does it."""

import asyncio
import gc
import re
import socket
import struct
from collections.abc import AsyncGenerator
from typing import Any

import pytest

pytest.importorskip("httptools", reason="without it, uvicorn uses h11")

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.server.connections import Connection
from tests.server.fake_time import in_fake_time
from tests.server.serving import KEEP_ALIVE, LIMIT, LONG, SOON, Server, request, serving


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with serving() as made:
        yield made


REQUESTS = {
    "a response": [request("/plain")],
    "a response to HEAD": [request("/plain", method="HEAD")],
    "an empty one": [request("/empty")],
    "one without a body": [request("/none")],
    "one in parts": [request("/parts")],
    "one in chunks": [request("/chunks")],
    "one whose head is early": [request("/late")],
    "one that does not wait for the body": [
        request("/refusing", "Content-Length: 3", method="POST", closes=False),
        b"ab",
        b"c",
        request("/plain"),
    ],
    "one that breaks off": [request("/broken", closes=False)],
    "a body": [request("/echo", "Content-Length: 3", method="POST") + b"abc"],
    "an old version": [b"GET /plain HTTP/1.0\r\n\r\n"],
    "an unsupported upgrade": [request("/plain", "Upgrade: h2c")],
    "one after the other": [
        request("/plain", closes=False),
        request("/empty", closes=False),
        request("/plain", method="HEAD", closes=False),
        request("/chunks"),
    ],
    "all at once": [
        request("/slow", closes=False) + request("/none", closes=False) + request("/plain")
    ],
    "byte by byte": [bytes([byte]) for byte in request("/plain")],
}


@pytest.mark.parametrize("parts", REQUESTS.values(), ids=REQUESTS)
async def test_the_responses_are_those_of_uvicorn(parts: list[bytes]):
    """Both protocols send the same bytes."""
    responses: list[bytes] = []
    for protocol in (HttpToolsProtocol, Connection):
        async with serving(protocol) as server:
            responses.append(await server.exchange(*parts))
    assert responses[0] == responses[1] != b""


async def test_a_response_is_one_write(server: Server):
    """Head and body together; uvicorn alone writes twice."""
    await server.exchange(request("/plain"))
    assert [write[-5:] for write in server.writes] == [b"hello"]

    async with serving(HttpToolsProtocol) as plain:
        await plain.exchange(request("/plain"))
    assert len(plain.writes) == 2


PARTS = {
    "chunks": ("GET", "/chunks", b"5\r\nhello\r\n", b"world"),
    "parts": ("GET", "/parts", b"helloHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", b"world"),
    "a head": ("GET", "/late", b"", b"hello"),
    "a head alone": ("HEAD", "/late", b"", b""),
}


@pytest.mark.parametrize(("method", "path", "first", "last"), PARTS.values(), ids=PARTS)
async def test_parts_are_sent_as_they_are_written(
    server: Server, method: str, path: str, first: bytes, last: bytes
):
    """Neither the head nor a part waits for what is not there yet."""
    reader, writer = await server.open()
    writer.write(request(path, method=method))
    async with asyncio.timeout(LIMIT):
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(first)) == first
    server.next_part.set()
    assert (await asyncio.wait_for(reader.read(), LIMIT)).strip(b"05\r\n") == last
    writer.close()


async def test_a_head_alone_does_not_wait(server: Server):
    """It is sent although no body follows, nor another request on the connection."""
    reader, writer = await server.open()
    async with asyncio.timeout(LIMIT):
        for method, path in (("HEAD", "/plain"), ("GET", "/empty"), ("GET", "/none")):
            writer.write(request(path, method=method, closes=False))
            await reader.readuntil(b"\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(("path", "first"), [("/echo", b" 100 "), ("/asking", b" 200 ")])
async def test_a_body_is_asked_for_at_once(server: Server, path: str, first: bytes):
    """A client that waits for `100 Continue`, or for the response's head instead, gets it."""
    reader, writer = await server.open()
    writer.write(request(path, "Content-Length: 3", "Expect: 100-continue", method="POST"))
    async with asyncio.timeout(LIMIT):
        assert first in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"abc")
        assert (await reader.read()).endswith(b"abc")
    writer.close()


HEADS = {
    "nothing": [],
    "a beginning": [b"GET /plain HT"],
    "byte by byte": [bytes([byte]) for byte in request("/plain")] * 10,
    "empty lines": [b"\r\n"] * 100,
}


@pytest.mark.parametrize("parts", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "after another"])
@in_fake_time
async def test_a_slow_head_closes_the_connection(parts: list[bytes], *, is_first: bool):
    """The response is 408 if a head has begun; an idle connection closes without a response."""
    async with serving() as server:
        before = [] if is_first else [request("/plain", closes=False)]
        async with asyncio.timeout(KEEP_ALIVE + SOON):
            response = await server.exchange(*before, *parts, pause=0.05)
        has_begun = any(part.strip() for part in parts)
        expected = [b"200"] * len(before) + [b"408"] * has_begun
        assert re.findall(rb"HTTP/1.1 (\d+)", response) == expected
        assert (b'"code":"head_too_slow"' in response) == has_begun


@in_fake_time
async def test_a_late_first_byte_leaves_the_whole_time():
    """A head's deadline counts from its first byte."""
    async with serving() as server:
        reader, writer = await server.open()
        head = request("/plain")
        async with asyncio.timeout(LIMIT):
            await asyncio.sleep(0.7 * SOON)
            writer.write(head[:5])
            await asyncio.sleep(0.7 * SOON)
            writer.write(head[5:])
            assert b" 200 " in await reader.read()
        writer.close()


@in_fake_time
async def test_an_unread_body_is_not_a_slow_head():
    """The deadline of heads does not apply to it, and the next head has its whole time."""
    async with serving() as server:
        reader, writer = await server.open()
        writer.write(request("/refusing", "Content-Length: 10", method="POST", closes=False))
        head = request("/plain")
        async with asyncio.timeout(LIMIT):
            assert b" 401 " in await reader.readuntil(b"\r\n\r\nno")
            for _ in range(10):
                writer.write(b"x")
                await asyncio.sleep(SOON / 5)
            writer.write(head[:5])
            await asyncio.sleep(0.7 * SOON)
            writer.write(head[5:])
            assert b" 200 " in await reader.read()
        writer.close()


@pytest.mark.parametrize("module", ["asyncio", "uvloop"])
def test_a_client_that_leaves_during_a_response(module: str):
    """A head that was held back is discarded; nothing fails but the application."""
    loops = pytest.importorskip(module, reason="not on this platform")
    failures: list[dict[str, Any]] = []

    async def leave() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, found: failures.append(found))
        async with serving() as server:
            for steps in range(4):
                _, writer = await server.open()
                opened = writer.get_extra_info("socket")
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.write(request("/leaving", closes=False))
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


@in_fake_time
async def test_a_slow_response_is_not_cut():
    """The deadline applies to the client only; that of the next head starts after the response."""
    async with serving() as server:
        reader, writer = await server.open()
        writer.write(request("/slow", closes=False) + b"GET /pl")
        async with asyncio.timeout(LIMIT):
            assert b" 200 " in await reader.readuntil(b"\r\n\r\nslow")
            writer.write(b"ain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).endswith(b"hello")
        writer.close()


@in_fake_time
async def test_a_websocket_has_no_deadline():
    """Its connection then uses another protocol."""
    async with serving() as server:
        reader, writer = await server.open()
        writer.write(request("/", "Upgrade: websocket", "Connection: Upgrade", closes=False))
        async with asyncio.timeout(LIMIT):
            await reader.readuntil(b"\r\n\r\n")  # its own request, which it echoes
            await asyncio.sleep(LONG)
            writer.write(b"still there")
            assert await reader.readexactly(11) == b"still there"
        writer.close()


@in_fake_time
async def test_a_connection_is_kept():
    """It may last for any time, because each head has its own deadline."""
    async with serving() as server:
        reader, writer = await server.open()
        async with asyncio.timeout(LIMIT):
            for _ in range(8):
                writer.write(request("/plain", closes=False))
                assert b" 200 " in await reader.readuntil(b"\r\n\r\nhello")
                await asyncio.sleep(SOON / 4)
        writer.close()
