"""Cross-origin requests: which front ends on other origins may call the API from a browser."""

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from app.settings import Settings

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS = ("Authorization", "Content-Type")
# What a front end may read besides the body: when to try again.
_RESPONSE_HEADERS = ("Retry-After",)
_PREFLIGHT_SECONDS = 600


def install(app: FastAPI, settings: Settings) -> None:
    """Let the origins in CORS_ORIGINS call `app` from a browser; without any, change nothing."""
    if not settings.cors_origins:
        return
    build = app.build_middleware_stack

    # Around the whole stack, not inside it: `add_middleware` would leave the 500s without CORS
    # headers, and a front end would see a network error instead of the problem document.
    def build_with_cors() -> ASGIApp:
        return CORSMiddleware(
            build(),
            allow_origins=settings.cors_origins,
            allow_methods=_METHODS,
            allow_headers=_REQUEST_HEADERS,
            expose_headers=_RESPONSE_HEADERS,
            # The API knows no cookies: callers send an access token.
            allow_credentials=False,
            max_age=_PREFLIGHT_SECONDS,
        )

    app.build_middleware_stack = build_with_cors
