"""What the tests know about the routes of app/operations."""

import math
from collections.abc import AsyncIterator

import httpx
import pytest

from app.operations import readiness
from tests.domains import Domain, Request
from tests.fix_team import Team


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    anonymous = team.api.anonymous
    yield "health", lambda: anonymous.get("/health")

    async def ready() -> httpx.Response:
        with pytest.MonkeyPatch.context() as patch:  # the result of an earlier check is reused
            patch.setattr(readiness, "_REUSE", 0.0)
            patch.setattr(readiness._state, "valid_until", -math.inf)  # pyright: ignore[reportPrivateUsage]
            return await anonymous.get("/ready")

    yield "ready", ready
    # A client of its own: the text is not one of the API's documents.
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(team.api.app), base_url="http://127.0.0.1"
    ) as operator:
        yield "metrics", lambda: operator.get("/metrics")


DOMAIN = Domain(statements={"health": 0, "ready": 1, "metrics": 0}, requests=_requests)
