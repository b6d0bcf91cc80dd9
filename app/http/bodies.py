"""Limits of a request's body: its size, its structure, and the time that it may take."""

import asyncio
from collections import deque
from collections.abc import Callable
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


class BodyLimitMiddleware:
    """Passes on complete bodies; reading any other raises a 413, 408, 422 or 400.

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

        async def receive_complete() -> Message:
            nonlocal messages
            if messages is None:
                messages = await self._read(scope, receive)
            return messages.popleft() if messages else await receive()

        async def send_closing(message: Message) -> None:
            if messages is None and message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self.app(scope, receive_complete, send_closing)

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
            raise Problem(
                408, "body_too_slow", f"The body did not arrive within {self.seconds:g} s."
            ) from None
        has_left = message["type"] != "http.request"
        complete = bytes(body)
        if _may_be_json(scope) and getattr(scope.get("route"), "endpoint", None) not in _RAW:
            check_json(complete)
        read = {"type": "http.request", "body": complete, "more_body": has_left}
        return deque([read, message] if has_left else [read])


def max_body_bytes(route: Any) -> int | None:
    """Return the limit that a route declares with `max_body_size`, or None."""
    return getattr(route, "max_body_bytes", None)


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
