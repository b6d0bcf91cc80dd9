"""What the tests know about the route of app/invitations."""

import uuid
from collections.abc import AsyncIterator, Mapping

from tests.domains import Domain, Request
from tests.fix_api import Person
from tests.fix_team import Team


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    ann = await team.api.person("guest.of.invitations")
    _, token = await team.invited(ann.email)
    yield "accept_invitation", lambda: ann.post("/v1/invitations/accept", {"token": token})


async def _make_rows(team: Team, _person: Person) -> Mapping[str, str]:
    _, token = await team.invited(f"guest.{uuid.uuid4().hex}@example.com")
    return {"token": token}


DOMAIN = Domain(
    statements={"accept_invitation": 10},
    requests=_requests,
    audited={"accept_invitation": ("invitation.accepted",)},
    parameters={"token": lambda: uuid.uuid4().hex},
    make_rows=_make_rows,
    bodies={"accept_invitation": lambda target: {"token": target["token"]}},
)
