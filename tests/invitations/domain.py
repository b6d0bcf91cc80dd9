"""What the tests know about the route of app/invitations."""

import uuid
from collections.abc import AsyncIterator, Mapping
from functools import partial

from tests.domains import Domain, Request
from tests.fix_api import Person
from tests.fix_team import AnyTeam, Team


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    guest = await team.api.person("guest.of.invitations")
    tenancies: list[AnyTeam] = [team, team.organization]
    for tenancy in tenancies:
        _, token = await tenancy.invited(guest.email)
        yield "accept_invitation", partial(guest.post, "/v1/invitations/accept", {"token": token})


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
