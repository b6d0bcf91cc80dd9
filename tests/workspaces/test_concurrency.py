"""Contradicting requests at the same time: one comes first, and the others see its effect."""

import asyncio
from collections import Counter
from collections.abc import Awaitable

import pytest
from httpx import Response
from prisma.enums import WorkspaceRole

from tests.fix_api import PASSWORD, Api, Person
from tests.fix_team import Team, make_team

GUEST = "guest@example.com"


async def at_once(*requests: Awaitable[Response]) -> list[Response]:
    return list(await asyncio.gather(*requests))


def statuses(answers: list[Response]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


async def owners(team: Team) -> list[str]:
    """Return the owners by the members' rows, after checking that the workspace's row agrees."""
    workspace = await team.api.owner.workspace.find_unique_or_raise(where={"id": team.id})
    found = [user for user, role in (await team.roles()).items() if role == "owner"]
    assert found == [workspace.ownerId]
    return found


async def test_one_of_many_equal_invitations(team: Team):
    """One is created, the others are refused, and the trail has one event."""
    answers = await at_once(
        *(
            person.post(f"{team.path}/invitations", {"email": email})
            for person in (team.owner, team.admin)
            for email in (GUEST, GUEST.upper()) * 3
        )
    )

    assert statuses(answers) == {201: 1, 409: 11}
    assert await team.api.owner.invitation.count() == 1
    assert await team.actions() == ["invitation.created"]


async def test_one_of_many_equal_acceptances(team: Team):
    """The guest becomes a member once."""
    _, token = await team.invited(GUEST)
    guest = await team.api.person("guest")

    answers = await at_once(
        *(guest.post("/v1/invitations/accept", {"token": token}) for _ in range(6))
    )

    assert statuses(answers) == {200: 1, 404: 5}
    assert await team.actions() == ["invitation.accepted"]


async def test_an_invitation_is_accepted_or_revoked(team: Team):
    """At the same time, only one of them succeeds."""
    id_, token = await team.invited(GUEST)
    guest = await team.api.person("guest")

    accepted, revoked = await at_once(
        guest.post("/v1/invitations/accept", {"token": token}),
        team.owner.delete(f"{team.path}/invitations/{id_}"),
    )

    assert {accepted.status_code, revoked.status_code} in ({200, 404}, {404, 204})
    assert (guest.id in await team.roles()) == accepted.is_success


async def test_the_new_owner_leaves_or_accepts(team: Team):
    """A member who left does not come back as the owner, and the owner does not leave."""
    for number in range(4):
        heir = await team.joined(f"heir{number}")
        await team.offered(heir)
        requests = [
            heir.post(f"{team.path}/transfer/accept"),
            heir.delete(f"{team.path}/members/{heir.id}"),
            team.admin.delete(f"{team.path}/members/{heir.id}"),
        ]
        answers = await at_once(*(requests if number % 2 else reversed(requests)))

        (owner,) = await owners(team)
        if owner == heir.id:
            assert not any(answer.status_code == 204 for answer in answers)
            await team.transferred(team.owner)
        else:
            assert owner == team.owner.id
            assert heir.id not in await team.roles()
            assert statuses(answers)[204] == 1


@pytest.mark.parametrize("who", ["owner", "new owner"])
async def test_a_transfer_while_an_account_is_deleted(api: Api, who: str):
    """The workspace has exactly one owner, or it is deleted with the account of its owner."""
    for number in range(4):
        team = await make_team(api, f"n{number}")
        leaves = team.owner if who == "owner" else team.member
        await team.offered(team.member)
        requests = [
            team.member.post(f"{team.path}/transfer/accept"),
            leaves.delete("/v1/me", {"password": PASSWORD}),
            team.admin.patch(team.path, {"name": "Changed"}),
        ]
        answers = await at_once(*(requests if number % 2 else reversed(requests)))

        assert statuses(answers)[204] == 1
        assert max(answer.status_code for answer in answers) < 500
        actions = await team.actions()
        if await api.owner.workspace.count(where={"id": team.id}):
            assert await owners(team) != [leaves.id]
            assert "member.left" in actions
        else:
            assert await team.roles() == {}
            assert actions[-1] == "workspace.deleted"


async def test_a_workspace_is_transferred_or_deleted(api: Api):
    """Only its current owner deletes it, and nobody becomes the owner of a deleted workspace."""
    for number in range(4):
        team = await make_team(api, f"red{number}")
        await team.offered(team.admin)
        requests = [
            team.admin.post(f"{team.path}/transfer/accept"),
            team.owner.delete(team.path),
        ]
        answers = await at_once(*(requests if number % 2 else reversed(requests)))

        if await api.owner.workspace.count(where={"id": team.id}):
            assert statuses(answers) == {200: 1, 403: 1}
            assert await owners(team) == [team.admin.id]
        else:
            assert statuses(answers) == {204: 1, 404: 1}
            assert await team.roles() == {}


async def test_a_removed_admin_changes_nothing(team: Team):
    """A request that an admin sends while being removed takes effect before that, or not at all."""
    answers = await at_once(
        *(
            team.admin.post(f"{team.path}/invitations", {"email": f"{number}{GUEST}"})
            for number in range(3)
        ),
        team.owner.delete(f"{team.path}/members/{team.admin.id}"),
        team.admin.delete(f"{team.path}/members/{team.member.id}"),
        team.admin.patch(team.path, {"name": "Changed"}),
    )

    assert statuses(answers).keys() <= {200, 201, 204, 404}
    actions = await team.actions()
    assert actions[-1] == "member.removed"
    assert len(actions) == sum(answer.is_success for answer in answers)


async def test_a_demoted_admin_changes_nothing(team: Team):
    """A request that an admin sends while being demoted takes effect before that, or not at all."""
    answers = await at_once(
        team.owner.patch(f"{team.path}/members/{team.admin.id}", {"role": "member"}),
        *(
            team.admin.post(f"{team.path}/invitations", {"email": f"{number}{GUEST}"})
            for number in range(6)
        ),
    )

    assert answers[0].status_code == 200
    actions = await team.actions()
    assert actions.count("invitation.created") == statuses(answers).get(201, 0)
    assert actions[-1] == "member.role_changed"


async def test_one_of_many_equal_additions(api: Api, team: Team):
    """One of them adds the member."""
    other = await make_team(api, "blue")
    await other.add(team.owner)
    await other.add(team.admin)

    answers = await at_once(
        *(
            person.post(f"{team.path}/members", {"userId": other.member.id})
            for person in (team.owner, team.admin) * 3
        )
    )

    assert statuses(answers) == {201: 1, 409: 5}
    assert await team.actions() == ["member.added"]


async def test_one_of_many_equal_removals(team: Team):
    """One of them removes the member, the others get 404."""
    answers = await at_once(
        *(
            person.delete(f"{team.path}/members/{team.member.id}")
            for person in (team.owner, team.admin) * 3
        )
    )

    assert statuses(answers) == {204: 1, 404: 5}
    assert await team.actions() == ["member.removed"]


async def test_everything_at_once_while_it_is_deleted(team: Team):
    """No request fails with a 500, nothing is left over, and no event follows the deletion."""
    people = [await team.joined(f"n{number}", WorkspaceRole.admin) for number in range(3)]
    tokens = [await team.invited(f"guest{number}@example.com") for number in range(2)]
    guests = [await team.api.person(f"guest{number}") for number in range(2)]

    def requests(person: Person) -> list[Awaitable[Response]]:
        return [
            person.patch(team.path, {"name": person.email}),
            person.post(f"{team.path}/invitations", {"email": GUEST}),
            person.delete(f"{team.path}/members/{person.id}"),
        ]

    answers = await at_once(
        *requests(people[0]),
        guests[0].post("/v1/invitations/accept", {"token": tokens[0][1]}),
        team.owner.delete(team.path),
        *requests(people[1]),
        guests[1].post("/v1/invitations/accept", {"token": tokens[1][1]}),
        *requests(people[2]),
    )

    assert max(answer.status_code for answer in answers) < 500
    assert await team.roles() == {}
    assert await team.api.owner.invitation.count() == 0
    actions = await team.actions()
    assert actions[-1] == "workspace.deleted"
    assert len(actions) == sum(answer.is_success for answer in answers)
