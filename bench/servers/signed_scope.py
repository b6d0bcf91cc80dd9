"""The service with signed scopes: an application for `uvicorn --factory`."""

from fastapi import FastAPI

from app.database import scope
from bench.servers.service import app
from bench.service.signing import signed


def signed_scopes() -> FastAPI:
    """Sign every scope that a request enters."""
    scope.scoped = signed
    return app
