"""Requests that the protocol refuses: long URLs, ambiguous heads, and bodies of tiny chunks."""

import re
from collections.abc import AsyncGenerator

import pytest

pytest.importorskip("httptools", reason="without it, uvicorn uses h11")

from app.kit.limits import MAX_QUERY_FIELDS, MAX_URL_BYTES
from app.server.connections import MAX_SMALL_CHUNKS, MIN_CHUNK_BYTES
from tests.server.serving import MEGABYTE, Server, request, serving

ECHO = request("/echo", "Transfer-Encoding: chunked", method="POST", closes=False)


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with serving() as made:
        yield made


def outcomes(response: bytes) -> list[tuple[int, str]]:
    """Return the status and code of each response."""
    parts = re.split(rb"(?=HTTP/1\.1 )", response)[1:]
    codes = [re.search(rb'"code":"(\w+)"', part) for part in parts]
    return [
        (int(part[9:12]), code[1].decode() if code else "")
        for part, code in zip(parts, codes, strict=True)
    ]


def head(*headers: str, line: str = "GET /plain HTTP/1.1") -> bytes:
    return "\r\n".join([line, *headers, "", ""]).encode()


LONG = (414, "url_too_long")
FIELDS = (400, "too_many_query_fields")
HOST = (400, "bad_host")
FRAMING = (400, "bad_transfer_encoding")
ENCODING = (501, "unsupported_transfer_encoding")
CHUNKED = "POST /echo HTTP/1.1"

REFUSED = {
    "a long path": (request("/" + "x" * MAX_URL_BYTES), LONG),
    "a long query": (request("/plain?" + "x" * MAX_URL_BYTES), LONG),
    "many query fields": (request("/plain?" + "a&" * MAX_QUERY_FIELDS), FIELDS),
    "no host": (head(), HOST),
    "two hosts": (head("Host: a", "host: b"), HOST),
    "the same host twice": (head("Host: a", "Host: a"), HOST),
    "two hosts of an old version": (
        head("Host: a", "Host: b", line="GET /plain HTTP/1.0"),
        HOST,
    ),
    "gzip, then chunked": (
        head("Host: a", "Transfer-Encoding: gzip, chunked", line=CHUNKED),
        ENCODING,
    ),
    "identity and chunked": (
        head("Host: a", "Transfer-Encoding: identity", "Transfer-Encoding: chunked", line=CHUNKED),
        ENCODING,
    ),
    "chunked twice": (
        head("Host: a", "Transfer-Encoding: chunked, chunked", line=CHUNKED),
        (400, "bad_request"),
    ),
    "chunked in an old version": (
        head("Host: a", "Transfer-Encoding: chunked", line="POST /echo HTTP/1.0"),
        FRAMING,
    ),
}


@pytest.mark.parametrize(("data", "outcome"), REFUSED.values(), ids=REFUSED)
async def test_a_request_is_refused(server: Server, data: bytes, outcome: tuple[int, str]):
    """The client gets a problem document, and the connection ends, whatever follows."""
    response = await server.exchange(data + b"3\r\nabc\r\n0\r\n\r\n" + request("/plain"))

    assert outcomes(response) == [outcome]


@pytest.mark.parametrize("data", [b"nonsense\r\n\r\n", *(data for data, _ in REFUSED.values())])
async def test_earlier_requests_are_answered_first(server: Server, data: bytes):
    """A request that cannot be read takes no response away from those before it."""
    before = request("/slow", closes=False) + request("/plain", closes=False)
    response = await server.exchange(before + data)

    first, second, refused = outcomes(response)
    assert first == second == (200, "")
    assert refused[0] in (400, 414, 501)
    assert b"slow" in response
    assert b"hello" in response


@pytest.mark.parametrize("parts", [1, 2])
async def test_a_faulty_body_after_another_request_is_answered_last(server: Server, parts: int):
    """The response to the request with that body is the refusal, and comes in its turn."""
    data = request("/slow", closes=False) + ECHO + b"3\r\nabc\r\nnonsense\r\n"
    size = len(data) // parts + 1
    response = await server.exchange(data[:size], data[size:], pause=0.02)

    assert outcomes(response) == [(200, ""), (400, "bad_request")]


ANSWERED = {
    "a URL of the greatest length": request("/plain?" + "x" * (MAX_URL_BYTES - len("/plain?"))),
    "as many query fields as allowed": request("/plain?" + "&".join(["a"] * MAX_QUERY_FIELDS)),
    "an old version without a host": head(line="GET /plain HTTP/1.0"),
    "an empty host": head("Host:", "Connection: close"),
    "chunked in capitals": head(
        "Host: a", "Transfer-Encoding: Chunked ", "Connection: close", line=CHUNKED
    )
    + b"0\r\n\r\n",
}


@pytest.mark.parametrize("data", ANSWERED.values(), ids=ANSWERED)
async def test_a_request_within_the_limits_is_answered(server: Server, data: bytes):
    """The limits are those that the responses name."""
    assert outcomes(await server.exchange(data)) == [(200, "")]


@pytest.mark.parametrize("pause", [0, 0.02], ids=["at once", "in parts"])
async def test_a_body_of_tiny_chunks_is_refused(server: Server, pause: float):
    """Parsing them would keep the event loop busy for longer than any ordinary body does."""
    chunks = b"1\r\nx\r\n" * (MAX_SMALL_CHUNKS + 10)
    middle = len(chunks) // 2
    response = await server.exchange(ECHO, chunks[:middle], chunks[middle:], pause=pause)

    assert outcomes(response) == [(400, "too_many_chunks")]
    await server.wait_until_idle()


async def test_many_chunks_are_accepted(server: Server):
    """A large body may have as many as it needs, and each body has a count of its own."""
    tiny = b"1\r\nx\r\n" * (MAX_SMALL_CHUNKS - 1) + b"0\r\n\r\n"
    size = 2 * MIN_CHUNK_BYTES
    chunk = b"%x\r\n%s\r\n" % (size, MEGABYTE[:size])
    large = chunk * (3 * MAX_SMALL_CHUNKS) + b"0\r\n\r\n"
    response = await server.exchange(
        (ECHO + tiny) * 2 + ECHO + large, request("/plain"), pause=0.02
    )

    assert outcomes(response) == [(200, "")] * 4
