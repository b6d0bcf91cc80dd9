"""Limits of bodies, through the whole application."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from app.http import problems
from app.http.bodies import BodyLimitMiddleware
from app.http.description import domain_router
from app.http.json_limits import MAX_JSON_DEPTH, MAX_JSON_VALUES, check_json
from app.http.problems import MAX_ERRORS, Problem
from app.kit.limits import MAX_BODY_BYTES
from tests.fix_api import Api

JSON = {"Content-Type": "application/json"}


class Streamed:
    """A body of unknown length, much longer than the limit; counts what is read of it."""

    def __init__(self) -> None:
        self.taken = 0

    async def parts(self) -> AsyncIterator[bytes]:
        while self.taken < 100 * MAX_BODY_BYTES:
            self.taken += 65536
            yield b"x" * 65536


async def test_a_body_announced_as_too_long_is_refused(api: Api):
    """Content-Length suffices to refuse it, before the caller is identified."""
    answer = await api.anonymous.post("/v1/workspaces", content=b"x" * (MAX_BODY_BYTES + 1))

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.json()["code"] == "body_too_long"
    assert answer.json()["detail"] == "The body is longer than 65536 bytes."


async def test_a_streamed_body_is_counted(api: Api):
    """The bytes of a body without a length are counted, and reading ends at the limit."""
    streamed = Streamed()
    answer = await api.anonymous.post("/v1/auth/log-in", content=streamed.parts())

    assert answer.status_code == 413
    assert streamed.taken <= MAX_BODY_BYTES + 65536


async def passed_on(*messages: Message) -> list[Message]:
    """Return what the application receives of these messages."""
    coming, received = iter(messages), list[Message]()

    async def receive() -> Message:
        return next(coming)

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        received.append(await receive())
        while received[-1].get("more_body", False):
            received.append(await receive())

    async def send(_: Message) -> None: ...

    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
    await BodyLimitMiddleware(app, seconds=30)(scope, receive, send)
    return received


async def test_a_body_sent_byte_by_byte_is_one_message():
    """As separate messages it would take two hundred times its size."""
    byte = {"type": "http.request", "body": b"x", "more_body": True}

    received = await passed_on(*[byte] * 9, {**byte, "more_body": False})

    assert received == [{"type": "http.request", "body": b"x" * 10, "more_body": False}]


async def test_a_client_that_leaves_during_a_body_is_noticed():
    """The application sees an incomplete body and the disconnect."""
    part = {"type": "http.request", "body": b"x", "more_body": True}
    left = {"type": "http.disconnect"}

    assert await passed_on(part, left) == [part, left]


async def test_the_response_to_many_wrong_fields_is_short(api: Api):
    """Only the first of them are named."""
    body = dict.fromkeys(map(str, range(MAX_JSON_VALUES - 1)), 0)

    answer = await api.anonymous.post("/v1/auth/log-in", json=body)

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == MAX_ERRORS


async def test_a_body_of_the_maximum_length_is_read(api: Api):
    """It reaches the routes, both announced and streamed."""

    async def streamed() -> AsyncIterator[bytes]:
        yield b"x" * (MAX_BODY_BYTES - 1)
        yield b"x"

    for content in (b"x" * MAX_BODY_BYTES, streamed()):
        answer = await api.anonymous.post("/v1/auth/log-in", content=content)

        assert answer.status_code == 422
        assert "connection" not in answer.headers


async def test_a_body_that_no_route_reads_stays_unread(api: Api):
    """The response is the same as without it, however long it is; then the connection closes."""
    ann = await api.person("ann")
    streamed = Streamed()
    operations = [
        (method.upper(), path)
        for path, methods in api.app.openapi()["paths"].items()
        for method, operation in methods.items()
        if "requestBody" not in operation and operation["operationId"] != "logOut"
    ]
    for method, path in [*operations, ("POST", "/v1/nothing"), ("PUT", "/v1/me")]:
        without = await ann.request(method, path)
        for content in (b"x" * (MAX_BODY_BYTES + 1), streamed.parts()):
            answer = await ann.request(method, path, content=content)

            assert answer.status_code == without.status_code, path
            assert answer.headers["connection"] == "close", path
    assert len(operations) > 10
    assert streamed.taken == 0


async def test_an_empty_body_is_no_body(api: Api):
    """Browsers send `Content-Length: 0`: no reason to close the connection."""
    ann = await api.person("ann")

    answer = await ann.post("/v1/auth/log-out", content=b"", headers={"Content-Length": "0"})

    assert answer.status_code == 204
    assert "connection" not in answer.headers


def nested(depth: int, around: str = "") -> str:
    return "[" * depth + around + "]" * depth


TOO_COMPLEX = {
    "unknown fields": json.dumps(dict.fromkeys(map(str, range(5_000)), 0)),
    "one field many times": '{"a": 1' + ', "a": 1' * MAX_JSON_VALUES + "}",
    "items": '{"email": [' + "0," * MAX_JSON_VALUES + "0]}",
    "empty lists": "[" + "[]," * MAX_JSON_VALUES + "[]]",
    "lists in lists": nested(MAX_JSON_DEPTH + 1),
    "lists without an end": "[" * 30_000,
    "strings without commas": "[" * MAX_JSON_DEPTH + '[""' + '""' * 10_000,
    "objects in objects": '{"a":' * (MAX_JSON_DEPTH + 1) + "0" + "}" * (MAX_JSON_DEPTH + 1),
    "after a string with quotes": '{"a": "\\"\\\\\\"", "b": ' + nested(MAX_JSON_DEPTH) + "}",
}


@pytest.mark.parametrize("body", TOO_COMPLEX.values(), ids=TOO_COMPLEX)
async def test_complex_json_is_refused_before_it_is_parsed(
    api: Api, body: str, monkeypatch: pytest.MonkeyPatch
):
    """Parsing it and listing its errors would delay all other requests."""
    anonymous = api.anonymous
    monkeypatch.setattr(json, "loads", None)
    answer = await anonymous.post("/v1/auth/log-in", content=body, headers=JSON)
    monkeypatch.undo()

    assert answer.status_code == 422
    assert answer.json()["code"] == "body_too_complex"
    assert number_in(answer.json()["detail"]) in (MAX_JSON_DEPTH, MAX_JSON_VALUES)


def number_in(detail: str) -> int:
    """Return the number that an error names."""
    return int("".join(char for char in detail if char.isdigit()))


SIMPLE = {
    "brackets in a string": json.dumps("[{," * 1_000),
    "quotes and brackets in a string": json.dumps('"[' * 1_000),
    "backslashes": json.dumps("\\" * 1_001 + "[" * 50),
    "strings of brackets": json.dumps(["[" * 200, '\\"' + "{" * 200, "," * 600]),
    "an open string": '["' + "[" * 100,
    "a final backslash": '["' + "[" * 100 + "\\",
    "the greatest depth": nested(MAX_JSON_DEPTH),
    "one after the other": "[" + ",".join(["[[0]]"] * 100) + "]",
    "the most values": json.dumps([0] * MAX_JSON_VALUES),
    "the most strings": json.dumps(dict.fromkeys(map(str, range(MAX_JSON_VALUES)), '\\"\\')),
    "not JSON": "x" * 1_000,
    "other characters": json.dumps("häß [ 日本 [" * 50, ensure_ascii=False),
}


@pytest.mark.parametrize("document", SIMPLE.values(), ids=SIMPLE)
def test_other_json_is_not_refused(document: str):
    """Only structure counts, not the content of strings; the parser checks validity."""
    check_json(document.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
async def test_json_in_another_encoding_is_refused(api: Api, encoding: str):
    """The parser would accept it, but its structure cannot be seen in its bytes."""
    body = json.dumps(dict.fromkeys("abc", "\u2222"), ensure_ascii=False).encode(encoding)
    answer = await api.anonymous.post("/v1/auth/log-in", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (400, "body_not_utf8")


async def test_json_with_another_content_type_is_not_parsed(api: Api):
    """So it needs no check: the parser never sees it."""
    body = TOO_COMPLEX["lists in lists"]
    for content_type, code in (
        ("text/plain", "validation_failed"),
        ("application/merge-patch+JSON", "body_too_complex"),
    ):
        answer = await api.anonymous.post(
            "/v1/auth/log-in", content=body, headers={"Content-Type": content_type}
        )
        assert answer.json()["code"] == code


def seconds(document: bytes) -> float:
    """Return how much processor time the check takes at best."""

    def once() -> float:
        started = time.thread_time()
        with suppress(Problem):
            check_json(document)
        return time.thread_time() - started

    return min(once() for _ in range(5))


@pytest.mark.parametrize("part", [b'"', b'\\"', b'""', b'"\\', b'\\\\"', b'"a', b"[", b'"["'])
def test_the_check_is_linear(part: bytes):
    """A document of ten times the length takes ten times as long, not a hundred times."""
    short, long = b'["' + part * 30_000, b'["' + part * 300_000

    assert seconds(long) < 50 * seconds(short)


@pytest.mark.parametrize("part", [b'""', b'"a', b'"",', b'"\\\\"', b'\\"\\\\"', b'{"a":'])
def test_strings_take_the_check_no_longer_than_other_bytes(part: bytes):
    """It is there to save time, and runs before any throttle."""
    start, length = b"[" * (MAX_JSON_DEPTH + 1), 1 << 18
    strings, others = start + part * (length // len(part)), start + b"x" * length

    assert seconds(strings) < 8 * seconds(others)


def routed() -> FastAPI:
    """An application with a route that allows longer bodies, and one that allows shorter ones."""
    router = domain_router()

    @router.post("/long", max_body_size=10 * MAX_BODY_BYTES)
    async def long(body: list[str]) -> int:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        return len(body[0])

    @router.post("/short", max_body_size=100)
    async def short(body: list[str]) -> int:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        return len(body[0])

    app = FastAPI(routes=list(router.routes))
    problems.install(app)
    app.add_middleware(BodyLimitMiddleware, seconds=10)
    return app


@pytest.mark.parametrize(("path", "limit"), [("long", 10 * MAX_BODY_BYTES), ("short", 100)])
async def test_a_route_may_have_its_own_limit(path: str, limit: int):
    """An option of the route sets the limit, and the API's description states it."""
    app = routed()
    longest = json.dumps(["x" * (limit - 4)]).encode()

    async def streamed() -> AsyncIterator[bytes]:
        yield longest + b" "

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as http:
        read = await http.post(f"/v1/{path}", content=longest, headers=JSON)
        refused = [
            await http.post(f"/v1/{path}", content=content, headers=JSON)
            for content in (longest + b" ", streamed())
        ]
    assert (read.status_code, read.json()) == (200, limit - 4)
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_long")
        assert str(limit) in answer.json()["detail"]
    described = app.openapi()["paths"][f"/v1/{path}"]["post"]["requestBody"]
    assert str(limit) in described["description"]
    assert described["content"]["application/json"]["schema"]["type"] == "array"
