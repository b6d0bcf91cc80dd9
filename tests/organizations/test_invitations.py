"""Invitations to own an organization; tests/invitations has what holds for workspaces too."""

import asyncio
from collections import Counter

import pytest
from prisma.enums import OrgRole

from tests.fix_api import PASSWORD, Api, Person
from tests.fix_team import OrganizationTeam, create_organization, make_organization_team

GUEST = "guest@example.com"
ACCEPT = "/v1/invitations/accept"
LIMIT = 2


@pytest.fixture
def api_settings() -> dict[str, str]:
    return {"ORGANIZATIONS_PER_OWNER": str(LIMIT)}


async def own(api: Api, person: Person, count: int) -> None:
    for number in range(count):
        await create_organization(api.owner, person.id, f"N{number}")


async def test_an_additional_owner(organization_team: OrganizationTeam):
    """Whoever accepts an owner's invitation owns the organization besides its other owners."""
    team = organization_team
    body = {"email": GUEST, "role": "OWNER"}
    token = (await team.owner.post(f"{team.path}/invitations", body)).json()["token"]
    guest = await team.api.person("guest")

    answer = await guest.post(ACCEPT, {"token": token})

    assert (answer.status_code, answer.json()["role"]) == (200, "OWNER")
    roles = await team.roles()
    assert roles[team.owner.id] == roles[guest.id] == "OWNER"
    invited = await guest.post(f"{team.path}/invitations", {"email": "b@x.org", "role": "OWNER"})
    assert invited.status_code == 201


@pytest.mark.parametrize("end", ["steps down", "leaves", "deletes the account"])
async def test_invitations_by_a_former_owner(organization_team: OrganizationTeam, end: str):
    """An invitation to own the organization ends with the ownership of whoever sent it."""
    team = organization_team
    await team.add(co_owner := await team.api.person("co-owner"), OrgRole.OWNER)
    tokens = [
        (await inviter.post(f"{team.path}/invitations", {"email": email, "role": role})).json()
        for inviter, email, role in (
            (team.owner, GUEST, "OWNER"),
            (team.owner, "member@example.com", "MEMBER"),
            (co_owner, "other@example.com", "OWNER"),
        )
    ]
    me = f"{team.path}/members/{team.owner.id}"
    if end == "steps down":
        ended = await team.owner.patch(me, {"role": "ADMIN", "confirm": True})
    elif end == "leaves":
        ended = await team.owner.delete(f"{me}?confirm=true")
    else:
        ended = await team.owner.delete("/v1/me", {"password": PASSWORD})
    assert ended.is_success, ended.text

    answers = [
        await (await team.api.person(name)).post(ACCEPT, {"token": invitation["token"]})
        for name, invitation in zip(("guest", "member", "other"), tokens, strict=True)
    ]

    assert [answer.status_code for answer in answers] == [404, 200, 200]


async def test_an_owner_without_room(organization_team: OrganizationTeam):
    """Whoever owns the maximum cannot accept ownership until there is room, but any other role."""
    team, api = organization_team, organization_team.api
    guest = await api.person("guest")
    await own(api, guest, LIMIT)
    _, token = await team.invited(GUEST, role=OrgRole.OWNER)

    refused = await guest.post(ACCEPT, {"token": token})

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_organizations")
    assert guest.id not in await team.roles()
    assert await team.actions() == []
    other = await make_organization_team(api, "blue")
    _, as_admin = await other.invited(GUEST, role=OrgRole.ADMIN)
    assert (await guest.post(ACCEPT, {"token": as_admin})).status_code == 200
    await api.owner.organization.delete_many(where={"name": "N0"})
    assert (await guest.post(ACCEPT, {"token": token})).status_code == 200


async def test_room_for_one_of_several(api: Api):
    """Of ownership accepted and organizations created at once, as much succeeds as has room."""
    guest = await api.person("guest")
    await own(api, guest, LIMIT - 1)
    teams = [await make_organization_team(api, name) for name in ("red", "blue")]
    tokens = [(await team.invited(GUEST, role=OrgRole.OWNER))[1] for team in teams]

    answers = await asyncio.gather(
        *(guest.post(ACCEPT, {"token": token}) for token in tokens),
        guest.post("/v1/organizations", {"name": "New"}),
    )

    assert Counter(answer.status_code for answer in answers)[409] == 2
    members = await api.owner.organizationmember.find_many(where={"userId": guest.id})
    assert [member.role for member in members] == ["OWNER"] * LIMIT


async def test_an_invitation_does_not_tell_how_many_organizations_somebody_owns(
    organization_team: OrganizationTeam,
):
    """The limit is checked on acceptance, so the inviter learns nothing."""
    team = organization_team
    await own(team.api, await team.api.person("guest"), LIMIT)

    body = {"email": GUEST, "role": "OWNER"}
    answer = await team.owner.post(f"{team.path}/invitations", body)

    assert answer.status_code == 201
