"""Headers that every response has, and those that a request adds to its own."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {"X-Content-Type-Options": "nosniff"}
NO_STORE = {"Cache-Control": "no-store"}

_ALWAYS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_DEFAULT = [(name.lower().encode(), value.encode()) for name, value in NO_STORE.items()]
_ADDED = "tenantry.response_headers"

BeforeError = Callable[[Scope, int], Awaitable[None]]


def add_response_header(request: Scope, name: str, value: str) -> None:
    """Add a header to the response of a request, also if that will be an error."""
    request.setdefault(_ADDED, []).append((name.lower().encode(), value.encode()))


class ResponseHeadersMiddleware:
    """Adds headers against guessed content types and against caching, and a request's own ones.

    Responses hold tokens and personal data, so nothing stores them, unless a route sets a
    Cache-Control of its own. `before_error` is called with each request whose response is an error,
    and its status, before that is sent: it may add headers.
    """

    def __init__(self, app: ASGIApp, *, before_error: BeforeError | None = None) -> None:
        self.app = app
        self.before_error = before_error

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http":
            return self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if self.before_error and message["status"] >= HTTPStatus.BAD_REQUEST:
                    await self.before_error(scope, message["status"])
                headers = message["headers"]
                has_cache_control = any(name == b"cache-control" for name, _ in headers)
                default = [] if has_cache_control else _DEFAULT
                message["headers"] = [*headers, *_ALWAYS, *default, *scope.get(_ADDED, ())]
            await send(message)

        return self.app(scope, receive, send_with_headers)  # one coroutine fewer than with `await`
