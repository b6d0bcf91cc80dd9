"""Limits of a request's body: its size, its structure, and the time that it may take."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.json_limits import check_json
from app.http.problems import Problem
from app.kit.limits import MAX_BODY_BYTES

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])
_RAW: set[Callable[..., Any]] = set()


def reads_raw_body(endpoint: EndpointT) -> EndpointT:
    """Let a route read the bytes of its body, and check them once it knows who has sent them.

    It parses no JSON before `check_json`.
    """
    _RAW.add(endpoint)
    return endpoint


@dataclass(frozen=True, slots=True)
class BodyStream:
    """Decorates an endpoint that reads its body while it arrives, and limits that body."""

    media_type: str
    max_bytes: int
    seconds: float

    def __call__(self, endpoint: EndpointT) -> EndpointT:
        _streams[endpoint] = self
        return endpoint


_streams: dict[Callable[..., Any], BodyStream] = {}


class BodyLimitMiddleware:
    """Passes on complete bodies; reading any other raises a 413, 408, 422 or 400.

    The body of an endpoint with a BodyStream is passed on piece by piece.

    A body that the application does not read stays unread. Where part of a body may still be on its
    way, the response closes the connection.
    """

    def __init__(self, app: ASGIApp, *, seconds: float, max_bytes: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.seconds = seconds
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        messages: deque[Message] | None = None
        stream: _StreamReader | None = None

        async def receive_limited() -> Message:
            nonlocal messages, stream
            if stream is None and (limits := body_stream(scope.get("endpoint"))):
                stream = _StreamReader(scope, receive, limits)
            if stream is not None:
                return await stream.receive()
            if messages is None:
                messages = await self._read(scope, receive)
            return messages.popleft() if messages else await receive()

        async def send_closing(message: Message) -> None:
            is_read = stream.is_complete if stream else messages is not None
            if not is_read and message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive_limited, send_closing)

    async def _read(self, scope: Scope, receive: Receive) -> deque[Message]:
        """Return the body as one message, followed by the disconnect if the client left."""
        limit = max_body_bytes(scope.get("route")) or self.max_bytes
        if _announced(scope) > limit:
            raise _too_long(limit)
        # Not a list of messages: of a body sent byte by byte, each takes hundreds of bytes.
        body = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    message = await receive()
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise _too_long(limit)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise _too_slow(self.seconds) from None
        has_left = message["type"] != "http.request"
        complete = bytes(body)
        if _may_be_json(scope) and scope.get("endpoint") not in _RAW:
            check_json(complete)
        read = {"type": "http.request", "body": complete, "more_body": has_left}
        return deque([read, message] if has_left else [read])


class _StreamReader:
    """Passes on the pieces of a body until it exceeds a limit."""

    def __init__(self, scope: Scope, receive: Receive, limits: BodyStream) -> None:
        content_type = _header(scope, b"content-type").partition(b";")[0].strip().lower()
        if content_type != limits.media_type.encode():
            raise Problem(
                415,
                "wrong_media_type",
                f"The Content-Type of the body must be {limits.media_type}.",
            )
        if _announced(scope) > limits.max_bytes:
            raise _too_long(limits.max_bytes)
        self._receive = receive
        self._limits = limits
        self._bytes = 0
        self._until = asyncio.get_running_loop().time() + limits.seconds
        self.is_complete = False

    async def receive(self) -> Message:
        if self.is_complete:  # what follows is that the client leaves
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow(self._limits.seconds) from None
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._limits.max_bytes:
            raise _too_long(self._limits.max_bytes)
        self.is_complete = message["type"] == "http.request" and not message.get("more_body", False)
        return message


def body_stream(endpoint: Callable[..., Any] | None) -> BodyStream | None:
    """Return the stream that an endpoint reads, or None."""
    return _streams.get(endpoint) if endpoint else None


def max_body_bytes(route: Any) -> int | None:
    """Return the limit that a route declares with `max_body_size`, or None."""
    return getattr(route, "max_body_bytes", None)


def _too_slow(seconds: float) -> Problem:
    return Problem(408, "body_too_slow", f"The body did not arrive within {seconds:g} s.")


def _too_long(limit: int) -> Problem:
    return Problem(413, "body_too_long", f"The body is longer than {limit} bytes.")


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _announced(scope: Scope) -> int:
    """Return the Content-Length; the server has refused one that is not a number."""
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


def _may_be_json(scope: Scope) -> bool:
    content_type = _header(scope, b"content-type")
    return not content_type or b"json" in content_type.lower()


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for each, value in scope["headers"] if each == name), b"")
