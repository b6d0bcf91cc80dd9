"""Contradicting requests about an invitation: one takes effect, and the others see it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable

import pytest
from httpx import Response

from tests.fix_api import PASSWORD, Person
from tests.fix_team import AnyTeam

GUEST = "guest@example.com"


async def at_once(*requests: Awaitable[Response]) -> dict[int, int]:
    """Send requests at the same time; return how many got which status."""
    return dict(Counter(answer.status_code for answer in await asyncio.gather(*requests)))


def accept(guest: Person, token: str) -> Awaitable[Response]:
    return guest.post("/v1/invitations/accept", {"token": token})


async def test_one_of_many_equal_invitations(any_team: AnyTeam):
    """One is created, the others are refused, and the trail has one event."""
    team = any_team
    statuses = await at_once(
        *(
            person.post(f"{team.path}/invitations", {"email": email})
            for person in (team.owner, team.admin)
            for email in (GUEST, GUEST.upper()) * 3
        )
    )

    assert statuses == {201: 1, 409: 11}
    assert await team.api.owner.invitation.count() == 1
    assert await team.actions() == ["invitation.created"]


async def test_one_of_many_equal_acceptances(any_team: AnyTeam):
    """The guest becomes a member once."""
    team = any_team
    _, token = await team.invited(GUEST)
    guest = await team.api.person("guest")

    statuses = await at_once(*(accept(guest, token) for _ in range(6)))

    assert statuses == {200: 1, 404: 5}
    assert await team.actions() == ["invitation.accepted"]


@pytest.mark.parametrize("first", ["accept", "revoke"])
async def test_an_invitation_is_accepted_or_revoked(any_team: AnyTeam, first: str):
    """Of the two at the same time, the one that locks the tenancy first succeeds."""
    team = any_team
    id_, token = await team.invited(GUEST)
    guest = await team.api.person("guest")
    requests = {
        "accept": lambda: accept(guest, token),
        "revoke": lambda: team.owner.delete(f"{team.path}/invitations/{id_}"),
    }
    (second,) = requests.keys() - {first}
    async with team.api.hold(team.lock):
        tasks: list[asyncio.Task[Response]] = []
        for name in (first, second):
            tasks.append(asyncio.ensure_future(requests[name]()))
            await team.api.wait_for_blocked_queries(len(tasks))

    done, refused = [await task for task in tasks]
    assert done.is_success
    assert (refused.status_code, refused.json()["code"]) == (404, "invitation_not_found")
    assert (guest.id in await team.roles()) == (first == "accept")
    event = "invitation.accepted" if first == "accept" else "invitation.revoked"
    assert await team.actions() == [event]


async def test_accepted_while_the_tenancy_is_deleted(any_team: AnyTeam):
    """Nobody joins what is deleted before the lock is theirs, and no event says so."""
    team = any_team
    _, token = await team.invited(GUEST)
    guest = await team.api.person("guest")
    async with team.api.hold(team.lock) as tx:
        waiting = asyncio.ensure_future(accept(guest, token))
        await team.api.wait_for_blocked_queries(1)
        await team.delete(tx)

    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (404, f"{team.noun}_not_found")
    assert await team.roles() == {}
    assert await team.actions() == []


async def test_accepted_while_the_account_is_deleted(any_team: AnyTeam):
    """A user who is being deleted becomes no member."""
    team = any_team
    _, token = await team.invited(GUEST)
    guest = await team.api.person("guest")
    # The deletion has recorded what it ends by the time it deletes the sessions.
    async with team.api.hold("""SELECT id FROM "Session" FOR UPDATE"""):
        deletion = asyncio.ensure_future(guest.delete("/v1/me", {"password": PASSWORD}))
        await team.api.wait_for_blocked_queries(1)
        joining = asyncio.ensure_future(accept(guest, token))
        await team.api.wait_for_blocked_queries(2)

    assert (await deletion).status_code == 204
    assert (await joining).status_code == 401
    assert await team.actions() == []
    assert len(await team.roles()) == 3


async def test_the_account_is_deleted_while_it_accepts(any_team: AnyTeam):
    """The deletion waits, and then records that the new member left."""
    team = any_team
    _, token = await team.invited(GUEST)
    guest = await team.api.person("guest")
    async with team.api.hold("""LOCK TABLE "AuditEvent" IN SHARE MODE"""):
        joining = asyncio.ensure_future(accept(guest, token))
        await team.api.wait_for_blocked_queries(1)
        deletion = asyncio.ensure_future(guest.delete("/v1/me", {"password": PASSWORD}))
        await team.api.wait_for_blocked_queries(2)

    assert (await joining).status_code == 200
    assert (await deletion).status_code == 204
    assert await team.actions() == ["invitation.accepted", "member.left"]
    assert len(await team.roles()) == 3


async def test_a_demoted_admin_revokes_and_invites_nothing(any_team: AnyTeam):
    """Who loses their role while a request waits for the lock is refused."""
    team = any_team
    id_, _ = await team.invited(GUEST)
    async with team.api.hold(team.lock) as tx:
        waiting = [
            asyncio.ensure_future(team.admin.delete(f"{team.path}/invitations/{id_}")),
            asyncio.ensure_future(
                team.admin.post(f"{team.path}/invitations", {"email": "new@example.com"})
            ),
        ]
        await team.api.wait_for_blocked_queries(2)
        await team.change_role(team.admin, team.role("member"), tx)

    for request in waiting:
        answer = await request
        assert (answer.status_code, answer.json()["code"]) == (403, "role_too_low")
    assert await team.api.owner.invitation.count() == 1
    assert await team.actions() == []
