"""What a client may send, and has to read: heads, trailers, pipelines, responses."""

import asyncio
import logging
import re
import socket
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

pytest.importorskip("httptools", reason="without it, uvicorn uses h11")

from app.kit.limits import MAX_HEAD_BYTES, MAX_HEADERS, MAX_URL_BYTES
from app.server.connections import MAX_PIPELINED
from tests.server.serving import LIMIT, LIMITS, LONG, SOON, Server, request, serving

CHUNK = 32 * 1024
CHUNKED = request("/headers", "Transfer-Encoding: chunked", method="POST", closes=False)


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with serving(limits=replace(LIMITS, head_seconds=LIMIT, write_seconds=SOON)) as made:
        yield made


def split(data: bytes) -> list[bytes]:
    return [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]


def statuses(response: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+)", response)]


BYTES = MAX_HEAD_BYTES + 1
BOMBS = {
    "a URL": b"GET /" + b"x" * BYTES,
    "a method": b"G" * BYTES,
    "a header's name": b"GET / HTTP/1.1\r\n" + b"x" * BYTES,
    "a header's value": b"GET / HTTP/1.1\r\nx: " + b"x" * BYTES,
    "large headers": b"GET / HTTP/1.1\r\n" + b"".join([b"x: " + b"y" * 1000 + b"\r\n"] * 66),
    "many headers": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEADERS + 2),
    "a complete head": request("/plain", f"x: {'x' * BYTES}", closes=False),
    "a complete head of many": request("/plain", *["a: b"] * MAX_HEADERS, closes=False),
    "empty lines": b"\r\n" * BYTES,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "after another"])
@pytest.mark.parametrize("pause", [0, 0.05], ids=["at once", "in parts"])
async def test_a_large_head_is_refused(
    server: Server, bomb: bytes, *, is_first: bool, pause: float
):
    """The response is 431, 414 for a URL, 400 for an impossible method; then it closes."""
    before = [] if is_first else [request("/plain", closes=False)]
    response = await server.exchange(*before, *split(bomb), pause=pause or 0.01 * bool(before))

    assert statuses(response)[: len(before)] == [200] * len(before)
    (status,) = statuses(response)[len(before) :]
    assert status == {BOMBS["a method"]: 400, BOMBS["a URL"]: 414}.get(bomb, 431)
    assert b"content-type: application/problem+json\r\n" in response
    assert b"X-Content-Type-Options: nosniff\r\n".lower() in response.lower()
    assert b"connection: close\r\n" in response.lower()


FINE = {
    "a URL and headers": [
        request("/headers?" + "x" * (MAX_URL_BYTES - 200), f"a: {'b' * (MAX_HEAD_BYTES - 9000)}")
    ],
    "headers": [request("/headers", *[f"a: {'b' * 600}"] * (MAX_HEADERS - 2))],
    "a pipeline": [
        b"".join([request("/plain", f"a: {'b' * 2000}", closes=False)] * 60) + request("/plain")
    ],
    "a head after a body": [
        request("/echo", "Content-Length: 50000", method="POST", closes=False),
        b"x" * 50_000 + request("/plain", f"a: {'b' * 30_000}", closes=False)[:-1],
        b"\n" + request("/plain"),
    ],
}


@pytest.mark.parametrize("parts", FINE.values(), ids=FINE)
async def test_a_head_within_the_limits_is_answered(server: Server, parts: list[bytes]):
    """Only the bytes of this head count, however they arrive."""
    response = await server.exchange(*parts, pause=0.05)

    assert set(statuses(response)) == {200}


async def test_a_refusal_is_not_taken_for_another_response(server: Server):
    """While the response to an earlier request is due, the refusal waits for it."""
    response = await server.exchange(request("/slow", closes=False) + BOMBS["many headers"])

    assert statuses(response) == [200, 431]
    await server.wait_until_idle()


async def test_what_is_not_http_is_refused(server: Server):
    """The response is a problem document."""
    response = await server.exchange(b"nonsense\r\n\r\n")

    assert statuses(response) == [400]
    assert b'"code":"bad_request"' in response


TRAILERS = b"Authorization: Bearer stolen\r\nX-Forwarded-For: 192.0.2.1\r\n"


@pytest.mark.parametrize("body", [b"0\r\n", b"3\r\nabc\r\n0\r\n"], ids=["empty", "not empty"])
async def test_trailers_are_not_headers(server: Server, body: bytes):
    """They are dropped, whether they arrive with the head or after it; the connection is kept."""
    message = CHUNKED + body + TRAILERS + b"\r\n"
    for cut in (len(message), len(CHUNKED), len(message) - 20):
        response = await server.exchange(
            message[:cut], message[cut:] + request("/plain"), pause=0.05
        )

        assert statuses(response) == [200, 200]
        assert b"transfer-encoding: chunked" in response
        assert b"stolen" not in response
        assert b"192.0.2.1" not in response


async def test_trailers_are_not_headers_of_a_websocket(server: Server):
    """Uvicorn hands the request over when it has read all of it."""
    head = request(
        "/", "Upgrade: websocket", "Connection: Upgrade", "Transfer-Encoding: chunked", closes=False
    )
    reader, writer = await server.open()
    writer.write(head + b"0\r\n" + TRAILERS + b"\r\n")
    async with asyncio.timeout(LIMIT):
        echoed = await reader.readuntil(b"\r\n\r\n")

    assert b"upgrade: websocket" in echoed
    assert b"stolen" not in echoed
    writer.close()


ENDLESS = {
    "many trailers": b"0\r\n" + b"a: b\r\n" * (MAX_HEADERS + 2),
    "a long trailer": b"0\r\na: " + b"b" * 3 * BYTES,
    "large trailers": b"0\r\n" + b"".join([b"a: " + b"b" * 3000 + b"\r\n"] * 60),
    "a chunk's extension": b"1;a=" + b"b" * 3 * BYTES,
    "a chunk's size": b"0" * 3 * BYTES,
}


@pytest.mark.parametrize("rest", ENDLESS.values(), ids=ENDLESS)
async def test_endless_trailers_are_refused(server: Server, rest: bytes):
    """Their bytes count like those of a head, because nothing else limits them."""
    response = await server.exchange(CHUNKED, *split(rest), pause=0.02)

    assert statuses(response) == [
        431 if rest != ENDLESS["a chunk's size"] else statuses(response)[0]
    ]
    await server.wait_until_idle()


@pytest.mark.parametrize("module", ["asyncio", "uvloop"])
def test_a_client_that_pipelines_and_leaves(module: str, caplog: pytest.LogCaptureFixture):
    """Nothing fails, and no request waits for ever."""
    loops = pytest.importorskip(module, reason="not on this platform")
    caplog.set_level(logging.INFO)

    async def leave() -> None:
        async with serving() as server:
            for path in ("/slow", "/late", "/waiting", "/chunks"):
                _, writer = await server.open()
                writer.write(request(path, closes=False) + request("/chunks", closes=False) * 3)
                await asyncio.sleep(0.1)
                writer.transport.abort()
            server.next_part.set()  # whoever is not read from is found to be gone by a write
            await server.wait_until_lost(4)
            await server.wait_until_idle()
            await asyncio.sleep(LONG)
            assert server.running.server_state.tasks == set()

    with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
        runner.run(leave())
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_a_long_pipeline_is_refused(server: Server):
    """The data of one read may hold thousands of requests, which would all be kept."""
    response = await server.exchange(request("/plain", closes=False) * 5000)

    *answered, refused = statuses(response)
    assert answered == [200] * (MAX_PIPELINED + 1)
    assert refused == 400
    await server.wait_until_idle()


async def send_and_never_read(server: Server, head: bytes) -> socket.socket:
    """Send a request over a connection that takes next to nothing of the response."""
    loop = asyncio.get_running_loop()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await loop.sock_connect(connection, ("127.0.0.1", server.port))
    await loop.sock_sendall(connection, head)
    return connection


@pytest.mark.parametrize("path", ["/megabytes", "/megabyte"], ids=["in parts", "in one"])
@pytest.mark.parametrize("closes", [True, False], ids=["closing", "kept"])
async def test_a_client_that_does_not_read_is_disconnected(
    server: Server, path: str, *, closes: bool
):
    """Whether the application waits for the client or only the connection does."""
    connection = await send_and_never_read(server, request(path, closes=closes))
    await server.wait_until_lost()
    await server.wait_until_idle()
    connection.close()


@pytest.mark.parametrize("path", ["/megabytes", "/megabyte"], ids=["in parts", "in one"])
async def test_a_slow_client_that_reads_is_not_disconnected(path: str):
    """It gets all of the response, in several times the seconds that the setting allows."""
    async with serving(limits=replace(LIMITS, write_seconds=1.5)) as server:
        reader, writer = await server.open()
        writer.write(request(path))
        received = 0
        async with asyncio.timeout(6 * LIMIT):
            while part := await reader.read(100_000):
                received += len(part)
                await asyncio.sleep(0.02)
    assert received > 20_000_000
    writer.close()
