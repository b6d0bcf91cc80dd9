"""Variants of the service that differ in one thing: applications for `uvicorn --factory`."""

from fastapi import FastAPI

from app.auth import tokens
from bench.servers.service import app


def signatures_each_time() -> FastAPI:
    """Verify a token's signature on each request: only the last token is cached."""
    tokens.CACHE_SIZE = 1  # pyright: ignore[reportConstantRedefinition]  # in this process only
    return app


def routes_reversed() -> FastAPI:
    """Match routes in reverse order: those of health and accounts first."""
    app.router.routes.reverse()
    return app
