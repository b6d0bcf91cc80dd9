"""What the tests know about the index of app/http/api_docs.py."""

from collections.abc import AsyncIterator

from tests.domains import Domain, Request
from tests.fix_team import Team


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    yield "read_index", lambda: team.api.anonymous.get("/")


DOMAIN = Domain(statements={"read_index": 0}, requests=_requests)
