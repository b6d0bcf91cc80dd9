"""Errors of the database that are no fault of the request."""

import pytest

from app.db import prisma
from tests.fix_api import Api


async def test_a_request_while_the_client_reconnects(api: Api, monkeypatch: pytest.MonkeyPatch):
    """It is a 503 like any other while the database is unavailable, not a 500."""
    ann = await api.person("ann")
    engine = prisma._engine  # pyright: ignore[reportPrivateUsage]  # the state in between has no public name
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_engine", None)
        during = await ann.get("/v1/me")
    after = await ann.get("/v1/me")

    assert (during.status_code, during.json()["code"]) == (503, "database_unavailable")
    assert during.headers["retry-after"] == "1"
    assert after.status_code == 200
