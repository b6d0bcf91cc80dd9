"""Transfers of ownership: offered by an owner, and done only once the member accepts."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from httpx import Response
from prisma.enums import OrgRole, ProjectRole
from prisma.errors import PrismaError

from app.database.scope import use_scope
from app.db import prisma
from tests.fix_api import PASSWORD, Api, Person
from tests.fix_team import OrganizationTeam, make_organization_team
from tests.organizations.test_members import member, problem, project_role, step_down

EXPIRED = timedelta(seconds=-1)


async def offer(team: OrganizationTeam, person: Person, **body: object) -> Response:
    return await team.owner.post(f"{team.path}/transfer", {"userId": person.id, **body})


async def accept(team: OrganizationTeam, person: Person) -> Response:
    return await person.post(f"{team.path}/transfer/accept")


async def pending(team: OrganizationTeam) -> int:
    return await team.api.owner.organizationtransfer.count(where={"organizationId": team.id})


async def test_an_offer_changes_nothing(organization_team: OrganizationTeam):
    """The member is told by mail and sees the offer; only the owner is an owner."""
    team = organization_team
    answer = await offer(team, team.member)

    assert answer.status_code == 201
    shown = answer.json()
    assert shown.keys() == {
        "id", "offeredById", "userId", "keepsOwnership", "createdAt", "expiresAt", "organization",
    }  # fmt: skip
    assert (shown["offeredById"], shown["userId"]) == (team.owner.id, team.member.id)
    assert (shown["organization"]["id"], shown["keepsOwnership"]) == (team.id, False)
    assert await team.owners() == {team.owner.id}
    mail = await team.api.mail(team.member.email, "Ownership of Team red")
    assert 'offers you the ownership of the organization "Team red"' in mail
    assert "http://127.0.0.1:8000/transfers" in mail
    assert (await team.owner.get(f"{team.path}/transfer")).json() == shown
    assert (await team.member.get(f"{team.path}/transfer")).json() == shown
    assert (await team.member.get("/v1/me/organization-transfers")).json()["items"] == [shown]
    assert await team.events() == [("transfer.offered", team.member.id, {})]


async def test_a_new_owner_loses_lower_roles_in_projects(organization_team: OrganizationTeam):
    """They do not apply again when the ownership ends, so no owner becomes a viewer by it."""
    team = organization_team
    lowered = await project_role(team, team.admin, "Lowered", ProjectRole.VIEWER)
    own = await project_role(team, team.admin, "Own", ProjectRole.ADMIN)
    await team.offered(team.admin, keeps_ownership=True)

    await accept(team, team.admin)

    path = f"{team.path}/members/{team.admin.id}"
    assert (await team.admin.patch(path, {"role": "ADMIN", "confirm": True})).status_code == 200
    roles = {
        each["id"]: (each["role"], each["inheritedFromOrg"])
        for each in (await team.admin.get(f"{team.path}/projects")).json()["items"]
    }
    assert roles == {lowered: ("ADMIN", True), own: ("ADMIN", False)}
    details = {"projectId": lowered, "before": "VIEWER", "reason": "became an owner"}
    assert ("project_role.reset", team.admin.id, details) in await team.events()


@pytest.mark.parametrize("keeps_ownership", [False, True])
async def test_accept(organization_team: OrganizationTeam, keeps_ownership: bool):
    """The member becomes an owner, and the former owner an admin unless they keep the ownership."""
    team = organization_team
    await offer(team, team.member, keepsOwnership=keeps_ownership)

    answer = await accept(team, team.member)

    assert (answer.status_code, answer.json()["role"]) == (200, "OWNER")
    assert await team.roles() == {
        team.owner.id: "OWNER" if keeps_ownership else "ADMIN",
        team.admin.id: "ADMIN",
        team.member.id: "OWNER",
    }
    assert await pending(team) == 0
    lowered = ("member.role_changed", team.owner.id, {"before": "OWNER", "role": "ADMIN"})
    assert await team.events() == [
        ("transfer.offered", team.member.id, {}),
        (
            "organization.transferred",
            team.member.id,
            {"offeredById": team.owner.id, "keepsOwnership": keeps_ownership},
        ),
        ("member.role_changed", team.member.id, {"before": "MEMBER", "role": "OWNER"}),
        *([] if keeps_ownership else [lowered]),
    ]
    mail = await team.api.mail(team.owner.email, "New owner of Team red")
    assert 'Member. Red accepted the ownership of the organization "Team red"' in mail
    assert ("still an owner" in mail) == keeps_ownership
    assert ("an admin" in mail) == (not keeps_ownership)
    assert problem(await accept(team, team.member)) == (404, "transfer_not_found")


async def test_decline(organization_team: OrganizationTeam):
    """The offer is gone for both sides, whoever offered is told, and another one can be made."""
    team = organization_team
    await offer(team, team.member)

    assert (await team.member.post(f"{team.path}/transfer/decline")).status_code == 204

    assert (await team.events())[-1] == ("transfer.declined", team.member.id, {})
    mail = await team.api.mail(team.owner.email, "You still own Team red")
    assert 'declined the ownership of the organization "Team red"' in mail
    assert problem(await accept(team, team.member)) == (404, "transfer_not_found")
    assert (await team.owner.get(f"{team.path}/transfer")).status_code == 404
    assert (await team.member.get("/v1/me/organization-transfers")).json()["items"] == []
    assert (await offer(team, team.admin)).status_code == 201


async def test_cancel(organization_team: OrganizationTeam):
    """Any owner withdraws the offer, once."""
    team = organization_team
    other = await team.joined("other", OrgRole.OWNER)
    await offer(team, team.member)

    assert (await other.delete(f"{team.path}/transfer")).status_code == 204

    assert (await team.events())[-1] == ("transfer.cancelled", team.member.id, {})
    again = await team.owner.delete(f"{team.path}/transfer")
    assert problem(again) == (404, "transfer_not_found")
    assert problem(await accept(team, team.member)) == (404, "transfer_not_found")


async def test_only_the_named_member_can_answer(organization_team: OrganizationTeam):
    """Other members get the same answer as without an offer, and so do the owners."""
    team = organization_team
    stranger = await team.api.person("stranger")
    requests = [
        (who, path)
        for who in (team.owner, team.admin, stranger)
        for path in (f"{team.path}/transfer/accept", f"{team.path}/transfer/decline")
    ]
    without = [await who.post(path) for who, path in requests]
    without.append(await team.admin.get(f"{team.path}/transfer"))
    await offer(team, team.member)

    answers = [await who.post(path) for who, path in requests]
    answers.append(await team.admin.get(f"{team.path}/transfer"))

    assert [answer.status_code for answer in answers] == [404] * 7
    assert [answer.text for answer in answers] == [answer.text for answer in without]
    assert (await team.admin.get("/v1/me/organization-transfers")).json()["items"] == []
    assert await pending(team) == 1


async def test_one_offer_at_a_time(organization_team: OrganizationTeam):
    """A second offer is refused until the first is answered, cancelled or expired."""
    team = organization_team
    await offer(team, team.member)

    assert problem(await offer(team, team.admin)) == (409, "transfer_pending")

    await team.api.owner.organizationtransfer.delete_many()
    await team.offered(team.member, expires=EXPIRED)
    assert (await offer(team, team.admin)).status_code == 201
    assert (await team.owner.get(f"{team.path}/transfer")).json()["userId"] == team.admin.id


async def test_an_expired_offer_is_none(organization_team: OrganizationTeam):
    """Nobody sees, accepts, declines or cancels it, whether it was deleted yet or not."""
    team = organization_team
    await team.offered(team.member, expires=EXPIRED)

    for answer in (
        await accept(team, team.member),
        await team.member.post(f"{team.path}/transfer/decline"),
        await team.owner.delete(f"{team.path}/transfer"),
        await team.owner.get(f"{team.path}/transfer"),
        await team.member.get(f"{team.path}/transfer"),
    ):
        assert problem(answer) == (404, "transfer_not_found")
    assert (await team.member.get("/v1/me/organization-transfers")).json()["items"] == []
    assert await team.owners() == {team.owner.id}


async def test_offers_to_strangers_and_owners_are_refused(organization_team: OrganizationTeam):
    """The error of each names the reason, and nothing is recorded."""
    team = organization_team
    stranger, other = await team.api.person("stranger"), await team.joined("other", OrgRole.OWNER)

    assert problem(await offer(team, stranger)) == (404, "member_not_found")
    for owner in (team.owner, other):
        assert problem(await offer(team, owner)) == (409, "already_owner")
    for body in ({"userId": "somebody"}, {"keepsOwnership": "maybe"}, {"role": "OWNER"}):
        assert problem(await offer(team, team.member, **body)) == (422, "validation_failed")
    assert await team.actions() == []


async def leave(team: OrganizationTeam, person: Person) -> Response:
    return await person.delete(member(team, person, confirm=True))


async def delete_account(_: OrganizationTeam, person: Person) -> Response:
    return await person.delete("/v1/me", {"password": PASSWORD})


ENDINGS: dict[str, Callable[[OrganizationTeam, Person], Awaitable[Response]]] = {
    "leaves": leave,
    "deletes the account": delete_account,
    "steps down": step_down,
}


@pytest.mark.parametrize("how", ENDINGS)
async def test_the_offer_ends_with_the_ownership(organization_team: OrganizationTeam, how: str):
    """Once whoever offered is no owner any more, the member cannot accept, even if they return."""
    team = organization_team
    await team.joined("other", OrgRole.OWNER)
    await offer(team, team.member)

    assert (await ENDINGS[how](team, team.owner)).is_success

    assert await pending(team) == 0
    assert problem(await accept(team, team.member)) == (404, "transfer_not_found")


@pytest.mark.parametrize("how", ["leaves", "deletes the account"])
async def test_the_offer_ends_with_the_membership(organization_team: OrganizationTeam, how: str):
    """A member who comes back does not find the old offer."""
    team = organization_team
    await offer(team, team.member)

    assert (await ENDINGS[how](team, team.member)).is_success

    assert await pending(team) == 0
    if how == "leaves":
        await team.add(team.member)
        assert problem(await accept(team, team.member)) == (404, "transfer_not_found")


async def test_list_in_pages(api: Api):
    """The list has the caller's offers of every organization once, the newest first."""
    ann = await api.person("ann")
    for number in range(3):
        team = await make_organization_team(api, f"n{number}")
        await team.add(ann)
        await offer(team, ann)
        await asyncio.sleep(0.002)  # ids grow from one millisecond to the next

    path = "/v1/me/organization-transfers"
    first = (await ann.get(f"{path}?take=2")).json()
    last = (await ann.get(f"{path}?cursor={first['nextCursor']}")).json()

    names = [item["organization"]["name"] for item in first["items"] + last["items"]]
    assert names == ["Team n2", "Team n1", "Team n0"]
    assert last["nextCursor"] is None


async def test_an_owner_sends_a_limited_number_of_offers(organization_team: OrganizationTeam):
    """Offering and cancelling in turns sends 10 mails a day about one organization."""
    team = organization_team
    statuses: list[int] = []
    for _ in range(11):
        statuses.append((await offer(team, team.member)).status_code)
        await team.owner.delete(f"{team.path}/transfer")

    assert statuses == [201] * 10 + [429]


async def test_policies_show_an_offer_to_both_sides_alone(organization_team: OrganizationTeam):
    """Other members of the organization see and change nothing, even without a filter."""
    team = organization_team
    await team.offered(team.member)

    async def seen(person: Person, *, organization: str) -> int:
        with use_scope(user=person.id, organization=organization):
            return await prisma.organizationtransfer.count()

    assert [await seen(who, organization=team.id) for who in (team.owner, team.member)] == [1, 1]
    assert await seen(team.member, organization="") == 1
    assert await seen(team.owner, organization="") == 0
    assert await seen(team.admin, organization=team.id) == 0
    with use_scope(user=team.admin.id, organization=team.id):
        assert await prisma.organizationtransfer.delete_many() == 0
        await team.api.owner.organizationtransfer.delete_many()
        with pytest.raises(PrismaError, match="row-level security"):
            await prisma.organizationtransfer.create(
                {
                    "organizationId": team.id,
                    "offeredById": team.admin.id,
                    "userId": team.admin.id,
                    "expiresAt": "2100-01-01T00:00:00Z",  # pyright: ignore[reportArgumentType]  # as good
                }
            )
