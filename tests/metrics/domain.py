"""What the tests know about the route of app/metrics.py."""

from collections.abc import AsyncIterator

import httpx

from tests.domains import Domain, Request
from tests.fix_team import Team


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    # A client of its own: the text is not one of the API's documents.
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(team.api.app), base_url="http://127.0.0.1"
    ) as operator:
        yield "metrics", lambda: operator.get("/metrics")


DOMAIN = Domain(statements={"metrics": 0}, requests=_requests)
