"""Bodies that a route reads while they arrive: limits of size and time, and the media type."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from app.http import problems
from app.http.bodies import BodyLimitMiddleware, BodyStream
from app.http.description import domain_router

LIMIT = 100
CSV = {"Content-Type": "text/csv"}


def streaming(seconds: float = 60) -> tuple[FastAPI, list[bytes]]:
    """Return an application with a route that reads a stream, and the pieces that it has read."""
    router, pieces = domain_router(), list[bytes]()

    @router.post("/stream")
    @BodyStream(media_type="text/csv", max_bytes=LIMIT, seconds=seconds)
    async def stream(request: Request) -> int:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        pieces.extend([piece async for piece in request.stream() if piece])
        return len(pieces)

    app = FastAPI(routes=list(router.routes))
    problems.install(app)
    app.add_middleware(BodyLimitMiddleware, seconds=60, max_bytes=10)
    return app, pieces


async def post(
    app: FastAPI, content: bytes | AsyncIterator[bytes], headers: dict[str, str] = CSV
) -> httpx.Response:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        return await http.post("/v1/stream", content=content, headers=headers)


async def in_pieces(size: int, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


async def test_pieces_are_passed_on():
    """As they arrive, up to the limit of the stream and not that of other bodies."""
    app, pieces = streaming()

    answer = await post(app, in_pieces(LIMIT // 4, 4))

    assert answer.status_code == 200
    assert "connection" not in answer.headers
    assert [len(piece) for piece in pieces] == [LIMIT // 4] * 4


@pytest.mark.parametrize("content", [b"x" * (LIMIT + 1), None])
async def test_too_long(content: bytes | None):
    """Whether the length is announced or not; the connection is closed, as more may be coming."""
    app, _ = streaming()

    answer = await post(app, content or in_pieces(1, LIMIT + 1))

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_long")
    assert answer.headers["connection"] == "close"


async def test_too_slow():
    """The time is that of the whole body."""
    app, _ = streaming(seconds=0.01)

    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    answer = await post(app, slow())

    assert (answer.status_code, answer.json()["code"]) == (408, "body_too_slow")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "Text/CSV; charset=utf-8"}, 200),
        ({"Content-Type": "application/json"}, 415),
        ({}, 415),
    ],
)
async def test_media_types(headers: dict[str, str], status: int):
    """Only that of the stream, with or without parameters."""
    app, _ = streaming()

    assert (await post(app, b"x", headers)).status_code == status


def test_it_is_described():
    """The description has the media type, the limit, and the problems."""
    app, _ = streaming()

    described = app.openapi()["paths"]["/v1/stream"]["post"]

    assert described["requestBody"]["content"].keys() == {"text/csv"}
    assert str(LIMIT) in described["requestBody"]["description"]
    assert described["responses"].keys() >= {"200", "408", "413", "415"}
