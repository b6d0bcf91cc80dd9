"""CORS: let front ends on other origins call the API from a browser."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS = ("Authorization", "Content-Type")
# The headers that a front end may read: when to try again, and who acts as the user.
_RESPONSE_HEADERS = ("Retry-After", "Impersonated-By")
_PREFLIGHT_SECONDS = 600


def cors_middleware(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Return `app` wrapped so that pages of these origins may call it from a browser.

    It has to wrap the whole stack: `add_middleware` would leave 500s without CORS headers, and a
    front end would see a network error instead of the problem document.
    """
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_REQUEST_HEADERS,
        expose_headers=_RESPONSE_HEADERS,
        allow_credentials=False,  # pages of other origins send an access token, never the cookie
        max_age=_PREFLIGHT_SECONDS,
    )
