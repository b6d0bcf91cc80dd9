"""The service with one thing done otherwise: applications for `uvicorn --factory`."""

from fastapi import FastAPI

from app.auth import tokens
from bench.servers.service import app


def signatures_each_time() -> FastAPI:
    """A token's signature is checked at each request; only the last token is remembered."""
    tokens.CACHE_SIZE = 1  # pyright: ignore[reportConstantRedefinition]  # for this process alone
    return app


def routes_reversed() -> FastAPI:
    """Routes are looked through from the other end: those of health and accounts first."""
    app.router.routes.reverse()
    return app
