"""How long a request's body may be, whichever route it is for and whatever it says of itself."""

from collections import deque

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import render

# Generous for JSON that people write; nothing that is uploaded comes this way.
LONGEST_BODY = 1024 * 1024


class LimitedBodies:
    """Answers 413 instead of reading on; what it lets through has been read to its end."""

    def __init__(self, app: ASGIApp, *, longest: int = LONGEST_BODY) -> None:
        self.app = app
        self.longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        messages = None
        if _announced(scope) <= self.longest:
            messages = await self._read(receive)
        if messages is None:
            # The rest of the body is still to come: the connection is of no more use.
            refusal = render(
                413,
                "body_too_long",
                f"The body is longer than {self.longest} bytes.",
                headers={"Connection": "close"},
            )
            await refusal(scope, receive, send)
            return

        async def replay() -> Message:
            return messages.popleft() if messages else await receive()

        await self.app(scope, replay, send)

    async def _read(self, receive: Receive) -> deque[Message] | None:
        """The body as one message, and that the caller left if they did; None if it is too long."""
        # Not the messages as they come: of a body that comes by the byte each weighs hundreds.
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if len(body) > self.longest:
                return None
            if not message.get("more_body", False):
                break
        has_left = message["type"] != "http.request"
        read = {"type": "http.request", "body": bytes(body), "more_body": has_left}
        return deque([read, message] if has_left else [read])


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _announced(scope: Scope) -> int:
    """What Content-Length says; servers refuse one that is no number before it comes here."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0
