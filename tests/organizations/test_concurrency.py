"""Contradicting requests at the same time: never two truths, no owner, a deadlock or a 500."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from httpx import Response
from prisma.enums import OrgRole

from tests.fix_api import PASSWORD, Api, Person
from tests.fix_team import OrganizationTeam, make_organization_team
from tests.organizations.test_members import member, step_down
from tests.workspaces.test_locks import done_or_blocked

Act = Callable[[OrganizationTeam, Person], Awaitable[Response]]


async def leave(team: OrganizationTeam, person: Person) -> Response:
    return await person.delete(member(team, person, confirm=True))


async def delete_account(_: OrganizationTeam, person: Person) -> Response:
    return await person.delete("/v1/me", {"password": PASSWORD})


GOINGS: dict[str, Act] = {
    "leave": leave,
    "step down": step_down,
    "delete the account": delete_account,
}


async def in_turns(api: Api, *acts: Awaitable[Response]) -> list[Response]:
    """Let requests wait for the lock on the organization, in this order, and then go on."""
    tasks: list[asyncio.Task[Response]] = []
    async with api.hold('SELECT id FROM "Organization" FOR UPDATE'):
        for act in acts:
            tasks.append(asyncio.ensure_future(act))  # pyright: ignore[reportArgumentType]  # coroutines
            await done_or_blocked(api, tasks)
    return [await task for task in tasks]


def statuses(answers: list[Response]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


async def require_owner(team: OrganizationTeam) -> None:
    """Fail unless the organization has an owner, or does not exist and its trail says so."""
    if await team.api.owner.organization.count(where={"id": team.id}):
        assert await team.owners()
    else:
        assert await team.roles() == {}
        assert (await team.actions())[-1] == "organization.deleted"


@pytest.mark.parametrize("first", GOINGS)
@pytest.mark.parametrize("second", GOINGS)
async def test_both_owners_go(api: Api, first: str, second: str):
    """The second stays the owner, or the organization is deleted with their account."""
    team = await make_organization_team(api, "red")
    other = await team.joined("other", OrgRole.OWNER)

    answers = await in_turns(api, GOINGS[first](team, team.owner), GOINGS[second](team, other))

    assert answers[0].is_success
    if second == "delete the account":
        assert answers[1].status_code == 204
        assert not await api.owner.organization.count()
    else:
        assert answers[1].json()["code"] == "last_owner"
        assert await team.owners() == {other.id}
    await require_owner(team)


@pytest.mark.parametrize("going", ["leave", "step down"])
async def test_many_owners_go_at_once(api: Api, going: str):
    """Without any order, one of them stays."""
    for number in range(3):
        team = await make_organization_team(api, f"n{number}")
        owners = [team.owner, *[await team.joined(f"o{n}", OrgRole.OWNER) for n in range(3)]]

        answers = await asyncio.gather(*(GOINGS[going](team, owner) for owner in owners))

        assert Counter(answer.is_success for answer in answers) == {True: 3, False: 1}
        assert len(await team.owners()) == 1


async def test_the_only_owner_leaves_and_deletes_their_account(api: Api):
    """In either order, the organization is deleted with the account."""
    for acts in ((leave, delete_account), (delete_account, leave)):
        team = await make_organization_team(api, acts[0].__name__)
        answers = await in_turns(api, *(act(team, team.owner) for act in acts))
        assert statuses(answers).keys() <= {204, 401, 404, 409}
        await require_owner(team)
        assert not await api.owner.organization.count(where={"id": team.id})


async def test_two_changes_of_one_role(api: Api):
    """Each sees the role that the other left; the trail tells both in their order."""
    team = await make_organization_team(api, "red")
    path = member(team, team.member)
    other = await team.joined("other", OrgRole.OWNER)

    answers = await in_turns(
        api, team.owner.patch(path, {"role": "ADMIN"}), other.patch(path, {"role": "MEMBER"})
    )

    assert statuses(answers) == {200: 2}
    assert [details for _, _, details in await team.events()] == [
        {"before": "MEMBER", "role": "ADMIN"},
        {"before": "ADMIN", "role": "MEMBER"},
    ]


async def test_a_demoted_admin_changes_nothing(api: Api):
    """What they sent before takes no effect after."""
    team = await make_organization_team(api, "red")

    answers = await in_turns(
        api,
        team.owner.patch(member(team, team.admin), {"role": "MEMBER"}),
        team.admin.patch(team.path, {"name": "New"}),
        team.admin.delete(member(team, team.member)),
    )

    assert [answer.status_code for answer in answers] == [200, 403, 403]
    assert await team.actions() == ["member.role_changed"]


async def test_one_of_many_equal_removals(api: Api):
    """One of them removes the member, the others get 404."""
    team = await make_organization_team(api, "red")

    answers = await asyncio.gather(
        *(who.delete(member(team, team.member)) for who in (team.owner, team.admin) * 3)
    )

    assert statuses(answers) == {204: 1, 404: 5}
    assert await team.actions() == ["member.removed"]


async def accept(team: OrganizationTeam, person: Person) -> Response:
    return await person.post(f"{team.path}/transfer/accept")


async def offer(team: OrganizationTeam, person: Person) -> Response:
    return await person.post(f"{team.path}/transfer", {"userId": team.member.id})


@pytest.mark.parametrize("who", ["receiver", "offerer"])
@pytest.mark.parametrize("going", GOINGS)
@pytest.mark.parametrize("is_acceptance_first", [True, False])
async def test_a_transfer_while_one_of_both_goes(
    api: Api, who: str, going: str, is_acceptance_first: bool
):
    """Nobody becomes an owner by the offer of somebody who is none, nor after leaving."""
    team = await make_organization_team(api, "red")
    other = await team.joined("other", OrgRole.OWNER)
    receiver = team.admin
    await team.offered(receiver, keeps_ownership=True)
    goes = receiver if who == "receiver" else team.owner
    acts = [accept(team, receiver), GOINGS[going](team, goes)]

    answers = await in_turns(api, *(acts if is_acceptance_first else reversed(acts)))

    accepted, gone = answers if is_acceptance_first else reversed(answers)
    assert gone.is_success
    # An admin who steps down may still accept.
    is_void = not (who == "receiver" and going == "step down")
    assert accepted.is_success == (is_acceptance_first or not is_void)
    owners = {team.owner.id, other.id} - ({goes.id} if who == "offerer" else set())
    became_owner = accepted.is_success and (who == "offerer" or not is_acceptance_first)
    assert await team.owners() == owners | ({receiver.id} if became_owner else set())


CHANGES: dict[str, tuple[str, Act]] = {
    "rename": ("admin", lambda team, who: who.patch(team.path, {"name": "New"})),
    "remove": ("admin", lambda team, who: who.delete(member(team, team.member))),
    "promote": ("owner", lambda team, who: who.patch(member(team, team.member), {"role": "ADMIN"})),
    "step down": ("admin", step_down),
    "leave": ("admin", leave),
    "offer": ("owner", offer),
    "cancel": ("owner", lambda team, who: who.delete(f"{team.path}/transfer")),
    "accept": ("admin", accept),
    "decline": ("admin", lambda team, who: who.post(f"{team.path}/transfer/decline")),
    "delete": ("owner", lambda team, who: who.delete(team.path)),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_while_the_organization_is_deleted(api: Api, change: str):
    """It takes effect before, or is refused with 404; no event follows the deletion."""
    role, act = CHANGES[change]
    for is_deletion_first in (True, False):
        team = await make_organization_team(api, f"n{int(is_deletion_first)}")
        caller = await team.joined("caller", OrgRole(role.upper()))
        if change in ("cancel", "accept", "decline"):
            await team.offered(caller if role == "admin" else team.member)
        acts = [team.owner.delete(team.path), act(team, caller)]

        answers = await in_turns(api, *(acts if is_deletion_first else reversed(acts)))

        deleted, changed = answers if is_deletion_first else reversed(answers)
        assert changed.status_code == 404 if is_deletion_first else changed.is_success
        # Whoever accepted took the ownership over; a deletion happens once.
        refused = {"accept": 403, "delete": 404}.get(change, 204)
        assert deleted.status_code == (204 if is_deletion_first else refused)
        await require_owner(team)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_sees_what_happened_while_it_waited(api: Api, change: str):
    """Whoever left while the request waited for the lock is refused."""
    role, act = CHANGES[change]
    team = await make_organization_team(api, "red")
    caller = await team.joined("caller", OrgRole(role.upper()))
    if change in ("cancel", "accept", "decline"):
        await team.offered(caller if role == "admin" else team.member)
    async with api.hold('SELECT id FROM "Organization" FOR UPDATE') as tx:
        waiting = asyncio.ensure_future(act(team, caller))
        await api.wait_for_blocked_queries(1)
        await tx.organizationmember.delete_many(where={"userId": caller.id})

    assert (await waiting).status_code == 404
    assert await team.actions() == []


LOCKS = {
    "organization": 'SELECT id FROM "Organization" FOR UPDATE',
    "user": 'SELECT id FROM "User" FOR UPDATE',
    "session": 'SELECT id FROM "Session" FOR UPDATE',
}


@pytest.mark.parametrize("change", [*CHANGES, "create"])
async def test_no_deadlock_with_the_deletion_of_an_account(api: Api, change: str):
    """A change and the deletion of its caller's account wait for each other in either order."""
    role, act = CHANGES.get(
        change, ("admin", lambda _, who: who.post("/v1/organizations", {"name": "New"}))
    )
    for kind, lock in LOCKS.items():
        for is_deletion_first in (True, False):
            team = await make_organization_team(api, f"{kind}.{int(is_deletion_first)}")
            caller = await team.joined("caller", OrgRole(role.upper()))
            if change in ("cancel", "accept", "decline"):
                await team.offered(caller if role == "admin" else team.member)
            acts = [delete_account(team, caller), act(team, caller)]
            tasks: list[asyncio.Task[Response]] = []
            async with api.hold(lock):  # pyright: ignore[reportArgumentType]  # a constant
                for request in acts if is_deletion_first else reversed(acts):
                    tasks.append(asyncio.ensure_future(request))  # pyright: ignore[reportArgumentType]  # coroutines
                    await done_or_blocked(api, tasks)

            answers = [await task for task in tasks]
            assert all(answer.status_code < 500 for answer in answers), (kind, is_deletion_first)
            assert not await api.owner.user.count(where={"id": caller.id})
            await require_owner(team)
