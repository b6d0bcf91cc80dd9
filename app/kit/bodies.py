"""How long a request's body may be, and how long it may take, whatever it says of itself."""

import asyncio
from collections import deque

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import Problem

# Generous for JSON that people write; nothing that is uploaded comes this way.
MAX_BODY_BYTES = 1024 * 1024


class BodyLimitMiddleware:
    """Gives the application a body that is whole, or ends its reading with 413 or 408.

    A body that nothing reads is let lie. Wherever something of a body may still come, the answer
    ends the connection.
    """

    def __init__(self, app: ASGIApp, *, seconds: float, longest: int = MAX_BODY_BYTES) -> None:
        self.app = app
        self.seconds = seconds
        self.longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        messages: deque[Message] | None = None

        async def whole() -> Message:
            nonlocal messages
            if messages is None:
                messages = await self._read(scope, receive)
            return messages.popleft() if messages else await receive()

        async def answer(message: Message) -> None:
            if messages is None and message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        await self.app(scope, whole, answer)

    async def _read(self, scope: Scope, receive: Receive) -> deque[Message]:
        """The body as one message, and that the caller left if they did."""
        if _announced(scope) > self.longest:
            raise self._too_long()
        # Not the messages as they come: of a body that comes by the byte each weighs hundreds.
        body = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    message = await receive()
                    body += message.get("body", b"")
                    if len(body) > self.longest:
                        raise self._too_long()
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise Problem(
                408, "body_too_slow", f"The body was not whole within {self.seconds:g} s."
            ) from None
        has_left = message["type"] != "http.request"
        read = {"type": "http.request", "body": bytes(body), "more_body": has_left}
        return deque([read, message] if has_left else [read])

    def _too_long(self) -> Problem:
        return Problem(413, "body_too_long", f"The body is longer than {self.longest} bytes.")


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _announced(scope: Scope) -> int:
    """What Content-Length says; servers refuse one that is no number before it comes here."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0
