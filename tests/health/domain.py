"""What the tests know about the routes of app/health.py."""

from collections.abc import AsyncIterator

from tests.domains import Domain, Request
from tests.fix_team import Team


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    anonymous = team.api.anonymous
    yield "health", lambda: anonymous.get("/health")
    yield "ready", lambda: anonymous.get("/ready")


DOMAIN = Domain(statements={"health": 0, "ready": 1}, requests=_requests)
