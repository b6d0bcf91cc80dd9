"""The limit of bodies, through the whole application."""

from collections.abc import AsyncIterator

from starlette.types import Message, Receive, Scope, Send

from app.kit.bodies import MAX_BODY_BYTES, BodyLimitMiddleware
from app.problems import MAX_ERRORS
from tests.fix_api import Api


class Streamed:
    """A body without a length, far longer than any may be; how much of it was taken."""

    def __init__(self) -> None:
        self.taken = 0

    async def parts(self) -> AsyncIterator[bytes]:
        while self.taken < 10 * MAX_BODY_BYTES:
            self.taken += 65536
            yield b"x" * 65536


async def test_an_announced_body_that_is_too_long_is_refused(api: Api):
    """Content-Length is enough to refuse it, before it is asked who calls."""
    answer = await api.anonymous.post("/v1/workspaces", content=b"x" * (MAX_BODY_BYTES + 1))

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.json()["code"] == "body_too_long"


async def test_a_streamed_body_is_counted(api: Api):
    """Without a length what comes is counted, and no more of it is taken than is allowed."""
    streamed = Streamed()
    answer = await api.anonymous.post("/v1/auth/log-in", content=streamed.parts())

    assert answer.status_code == 413
    assert streamed.taken <= MAX_BODY_BYTES + 65536


async def passed_on(*messages: Message) -> list[Message]:
    """What the application receives of these messages."""
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


async def test_a_body_that_comes_by_the_byte_is_one_message():
    """Kept as it comes it would take two hundred times its length."""
    byte = {"type": "http.request", "body": b"x", "more_body": True}

    received = await passed_on(*[byte] * 9, {**byte, "more_body": False})

    assert received == [{"type": "http.request", "body": b"x" * 10, "more_body": False}]


async def test_who_leaves_amid_a_body_is_seen_to_leave():
    """It is no whole body then."""
    part = {"type": "http.request", "body": b"x", "more_body": True}
    left = {"type": "http.disconnect"}

    assert await passed_on(part, left) == [part, left]


async def test_the_answer_to_a_long_body_is_short(api: Api):
    """However many of its fields are wrong, some of them are named."""
    body = dict.fromkeys(map(str, range(10_000)), 0)

    answer = await api.anonymous.post("/v1/auth/log-in", json=body)

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == MAX_ERRORS


async def test_a_body_of_the_greatest_length_is_read(api: Api):
    """It reaches the routes, both announced and streamed."""

    async def streamed() -> AsyncIterator[bytes]:
        yield b"x" * (MAX_BODY_BYTES - 1)
        yield b"x"

    for content in (b"x" * MAX_BODY_BYTES, streamed()):
        answer = await api.anonymous.post("/v1/auth/log-in", content=content)

        assert answer.status_code == 422
        assert "connection" not in answer.headers


async def test_a_body_that_no_route_reads_is_let_lie(api: Api):
    """However long it is, the answer is the same as without it; then the connection ends."""
    ann = await api.person("ann")
    streamed = Streamed()
    asked = [
        (method.upper(), path)
        for path, methods in api.app.openapi()["paths"].items()
        for method, operation in methods.items()
        if "requestBody" not in operation and operation["operationId"] != "logOut"
    ]
    for method, path in [*asked, ("POST", "/v1/nothing"), ("PUT", "/v1/me")]:
        without = await ann.request(method, path)
        for content in (b"x" * (MAX_BODY_BYTES + 1), streamed.parts()):
            answer = await ann.request(method, path, content=content)

            assert answer.status_code == without.status_code, path
            assert answer.headers["connection"] == "close", path
    assert len(asked) > 10
    assert streamed.taken == 0


async def test_an_empty_body_is_none(api: Api):
    """Browsers announce a length of nothing: that is no reason to end the connection."""
    ann = await api.person("ann")

    answer = await ann.post("/v1/auth/log-out", content=b"", headers={"Content-Length": "0"})

    assert answer.status_code == 204
    assert "connection" not in answer.headers
