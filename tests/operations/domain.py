"""What the tests know about the routes of app/operations."""

from collections.abc import AsyncIterator

import httpx

from tests.domains import Domain, Request
from tests.fix_team import Team


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    anonymous = team.api.anonymous
    yield "health", lambda: anonymous.get("/health")
    yield "ready", lambda: anonymous.get("/ready")
    # A client of its own: the text is not one of the API's documents.
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(team.api.app), base_url="http://127.0.0.1"
    ) as operator:
        yield "metrics", lambda: operator.get("/metrics")


DOMAIN = Domain(statements={"health": 0, "ready": 1, "metrics": 0}, requests=_requests)
