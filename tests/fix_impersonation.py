"""Support staff in tests, and clients that act as somebody else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prisma.enums import ImpersonationMode

from app.access import Capability
from app.auth import ImpersonationClaims, Tokens
from tests.fix_access import create_role, grant
from tests.fix_api import Api, Person
from tests.fix_team import Team, TenancyTeam, make_organization_team, make_team

AnyTeam = TenancyTeam[Any]

IMPERSONATOR = ("impersonate", "impersonate.write")
REASON = "They asked for help by phone."


async def make_impersonator(api: Api, name: str, *capabilities: str) -> Person:
    """Create a user with a role that has these capabilities, or all for impersonation."""
    person = await api.person(name)
    await grant_capabilities(api, person, *(capabilities or IMPERSONATOR))
    return person


async def grant_capabilities(api: Api, person: Person, *capabilities: str) -> None:
    """Give a user a new role with these capabilities."""
    name = f"{person.email} {' '.join(capabilities)}"
    await grant(api, person, await create_role(api, name, *map(Capability, capabilities)))


async def allow_impersonation(team: AnyTeam, *, allowed: bool = True) -> None:
    """Give the consent of a workspace or an organization, or withdraw it."""
    table = team.api.owner.workspace if isinstance(team, Team) else team.api.owner.organization
    await table.update(where={"id": team.id}, data={"impersonationAllowed": allowed})


async def start(impersonator: Person, team: AnyTeam, person: Person, **body: Any) -> httpx.Response:
    """Ask to act as a member of a workspace or an organization."""
    place = "workspaceId" if isinstance(team, Team) else "organizationId"
    wanted = {"userId": person.id, place: team.id, "reason": REASON, **body}
    return await impersonator.post("/v1/impersonations", wanted)


async def impersonate(impersonator: Person, team: AnyTeam, person: Person, **body: Any) -> Person:
    """Act as a member of a team, which allows it; return the member with another client."""
    await allow_impersonation(team)
    answer = await start(impersonator, team, person, **body)
    assert answer.status_code == 201, answer.text
    started = answer.json()
    return Person(person.id, person.email, started["id"], team.api.client(started["accessToken"]))


async def act_as(
    api: Api, impersonator: Person, person: Person, *, mode: str = "read", **place: str
) -> Person:
    """Act as a member of the tenancy that `workspaceId` or `organizationId` names."""
    allowed: Any = {"impersonationAllowed": True}
    if workspace := place.get("workspaceId"):
        await api.owner.workspace.update(where={"id": workspace}, data=allowed)
    if organization := place.get("organizationId"):
        await api.owner.organization.update(where={"id": organization}, data=allowed)
    row: Any = {
        "impersonatorId": impersonator.id,
        "impersonatorSessionId": impersonator.session,
        "userId": person.id,
        "reason": REASON,
        "mode": ImpersonationMode(mode),
        "expiresAt": datetime.now(UTC) + timedelta(minutes=30),
        **place,
    }
    made = await api.owner.impersonationsession.create(row)
    tokens: Tokens = api.app.state.tokens
    claims = ImpersonationClaims(person.id, made.id, impersonator.id)
    token = tokens.impersonation(claims, expires=made.expiresAt)
    return Person(person.id, person.email, made.id, api.client(token))


@pytest.fixture(params=[make_team, make_organization_team], ids=["workspace", "organization"])
async def any_team(request: pytest.FixtureRequest, api: Api) -> AnyTeam:
    """Return a team of each kind."""
    return await request.param(api, "red")
