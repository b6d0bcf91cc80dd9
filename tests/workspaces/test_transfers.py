"""Transfers of ownership: offered, and done only once the new owner accepts."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import pytest
from httpx import Response
from prisma.errors import PrismaError

from app.database.scope import use_scope
from app.db import prisma
from tests.fix_api import PASSWORD, Api, Person
from tests.fix_team import Team, make_team

EXPIRED = timedelta(seconds=-1)


async def offer(team: Team, person: Person) -> Response:
    return await team.owner.post(f"{team.path}/transfer", {"userId": person.id})


async def pending(team: Team) -> int:
    return await team.api.owner.workspacetransfer.count(where={"workspaceId": team.id})


async def owner_of(team: Team) -> str:
    """Return the owner's id, on which the workspace and its members agree."""
    workspace = await team.api.owner.workspace.find_unique_or_raise(where={"id": team.id})
    owners = [user for user, role in (await team.roles()).items() if role == "owner"]
    assert owners == [workspace.ownerId]
    return workspace.ownerId


async def last_event(team: Team) -> tuple[str, str | None, object]:
    """Return the actor, the subject and the details of the newest event of the trail."""
    event = await team.api.owner.auditevent.find_first_or_raise(order={"id": "desc"})
    return event.actorId, event.subjectId, event.details


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_an_offer_changes_nothing(team: Team):
    """The member is told by mail and sees the offer; the owner stays the owner."""
    answer = await offer(team, team.member)

    assert answer.status_code == 201
    shown = answer.json()
    assert shown.keys() == {"id", "userId", "createdAt", "expiresAt", "workspace"}
    assert (shown["userId"], shown["workspace"]["id"]) == (team.member.id, team.id)
    assert await owner_of(team) == team.owner.id
    mail = await team.api.mail(team.member.email, "Ownership of Team red")
    assert "http://127.0.0.1:8000/transfers" in mail
    assert (await team.owner.get(f"{team.path}/transfer")).json() == shown
    assert (await team.member.get(f"{team.path}/transfer")).json() == shown
    assert (await team.member.get("/v1/me/transfers")).json()["items"] == [shown]
    assert await team.actions() == ["transfer.offered"]


async def test_accept(team: Team):
    """The member becomes the owner, and the former owner an admin."""
    await offer(team, team.member)

    answer = await team.member.post(f"{team.path}/transfer/accept")

    assert answer.status_code == 200
    assert (answer.json()["ownerId"], answer.json()["role"]) == (team.member.id, "owner")
    assert await team.roles() == {
        team.owner.id: "admin",
        team.admin.id: "admin",
        team.member.id: "owner",
    }
    assert await pending(team) == 0
    assert await team.actions() == ["transfer.offered", "workspace.transferred"]
    details = {"formerOwnerId": team.owner.id}
    assert await last_event(team) == (team.member.id, team.member.id, details)
    mail = await team.api.mail(team.owner.email, "New owner of Team red")
    assert 'Member. Red accepted the ownership of the workspace "Team red"' in mail
    assert problem(await team.member.post(f"{team.path}/transfer/accept"))[0] == 404
    assert (await team.owner.delete(team.path)).status_code == 403
    assert (await team.member.delete(team.path)).status_code == 204


async def test_accept_what_a_new_owner_offered_meanwhile(api: Api, team: Team):
    """The owner under the workspace's lock counts, not the one that the request saw first."""
    async with api.owner.tx() as tx:
        await tx.query_raw('SELECT id FROM "Workspace" WHERE id = $1 FOR UPDATE', team.id)
        accepting = asyncio.create_task(team.member.post(f"{team.path}/transfer/accept"))
        await api.wait_for_blocked_queries(1)
        await tx.workspace.update(
            where={"id": team.id}, data={"owner": {"connect": {"id": team.admin.id}}}
        )
        expires = datetime.now(UTC) + timedelta(days=1)
        await tx.workspacetransfer.create(
            {"workspaceId": team.id, "userId": team.member.id, "expiresAt": expires}
        )

    assert (await accepting).status_code == 200
    details = {"formerOwnerId": team.admin.id}
    assert await last_event(team) == (team.member.id, team.member.id, details)
    assert await api.mail(team.admin.email, "New owner of Team red")


async def test_decline(team: Team):
    """The offer is gone for both sides, the owner is told, and another one can be made."""
    await offer(team, team.member)

    assert (await team.member.post(f"{team.path}/transfer/decline")).status_code == 204

    assert await last_event(team) == (team.member.id, team.member.id, {})
    mail = await team.api.mail(team.owner.email, "You still own Team red")
    assert 'Member. Red declined the ownership of the workspace "Team red"' in mail
    accepted = await team.member.post(f"{team.path}/transfer/accept")
    assert problem(accepted) == (404, "transfer_not_found")
    assert (await team.owner.get(f"{team.path}/transfer")).status_code == 404
    assert (await team.member.get("/v1/me/transfers")).json()["items"] == []
    assert (await offer(team, team.admin)).status_code == 201
    actions = ["transfer.offered", "transfer.declined", "transfer.offered"]
    assert await team.actions() == actions


async def test_cancel(team: Team):
    """The owner withdraws the offer, once."""
    await offer(team, team.member)

    assert (await team.owner.delete(f"{team.path}/transfer")).status_code == 204

    assert await last_event(team) == (team.owner.id, team.member.id, {})
    again = await team.owner.delete(f"{team.path}/transfer")
    assert problem(again) == (404, "transfer_not_found")
    accepted = await team.member.post(f"{team.path}/transfer/accept")
    assert problem(accepted) == (404, "transfer_not_found")
    assert await owner_of(team) == team.owner.id
    assert await team.actions() == ["transfer.offered", "transfer.cancelled"]


async def test_only_the_named_member_can_answer(api: Api, team: Team):
    """Other members get the same answer as without an offer, and so does the owner."""
    stranger = await api.person("stranger")
    others = (team.owner, team.admin, stranger)
    requests = ("transfer/accept", "transfer/decline")
    without = [await who.post(f"{team.path}/{what}") for who in others for what in requests]
    without.append(await team.admin.get(f"{team.path}/transfer"))
    await offer(team, team.member)

    answers = [await who.post(f"{team.path}/{what}") for who in others for what in requests]
    answers.append(await team.admin.get(f"{team.path}/transfer"))

    assert [answer.status_code for answer in answers] == [404] * 7
    assert [answer.text for answer in answers] == [answer.text for answer in without]
    assert (await team.admin.get("/v1/me/transfers")).json()["items"] == []
    assert await pending(team) == 1


async def test_one_offer_at_a_time(team: Team):
    """A second offer is refused until the first is answered, cancelled or expired."""
    await offer(team, team.member)

    assert problem(await offer(team, team.admin)) == (409, "transfer_pending")

    await team.api.owner.workspacetransfer.delete_many()
    await team.offered(team.member, expires=EXPIRED)
    assert (await offer(team, team.admin)).status_code == 201
    assert (await team.owner.get(f"{team.path}/transfer")).json()["userId"] == team.admin.id


async def test_an_expired_offer_is_none(team: Team):
    """Nobody sees, accepts, declines or cancels it, whether it was deleted yet or not."""
    await team.offered(team.member, expires=EXPIRED)

    for answer in (
        await team.member.post(f"{team.path}/transfer/accept"),
        await team.member.post(f"{team.path}/transfer/decline"),
        await team.owner.delete(f"{team.path}/transfer"),
        await team.owner.get(f"{team.path}/transfer"),
        await team.member.get(f"{team.path}/transfer"),
    ):
        assert problem(answer) == (404, "transfer_not_found")
    assert (await team.member.get("/v1/me/transfers")).json()["items"] == []
    assert await owner_of(team) == team.owner.id


async def test_an_offer_lasts_for_a_week(team: Team):
    """It says so, in the mail and in its fields."""
    await offer(team, team.member)

    stored = await team.api.owner.workspacetransfer.find_first_or_raise()
    lifetime = stored.expiresAt - stored.createdAt
    assert abs(lifetime - timedelta(days=7)) < timedelta(minutes=1)
    assert "within 7 days" in await team.api.mail(team.member.email, "Ownership of Team red")


async def test_offers_to_strangers_and_to_yourself_are_refused(api: Api, team: Team):
    """The error of each names the reason, and nothing is recorded."""
    stranger = await api.person("stranger")

    assert problem(await offer(team, stranger)) == (404, "member_not_found")
    assert problem(await offer(team, team.owner)) == (409, "already_owner")
    for body in ({}, {"userId": "somebody"}, {"userId": team.member.id, "role": "owner"}):
        answer = await team.owner.post(f"{team.path}/transfer", body)
        assert problem(answer) == (422, "validation_failed")
    assert await team.actions() == []


@pytest.mark.parametrize("how", ["leaves", "is removed", "deletes the account"])
async def test_the_offer_ends_with_the_membership(team: Team, how: str):
    """A member who comes back does not find the old offer."""
    await offer(team, team.member)
    member = f"{team.path}/members/{team.member.id}"
    if how == "leaves":
        await team.member.delete(member)
    elif how == "is removed":
        await team.admin.delete(member)
    else:
        await team.member.delete("/v1/me", {"password": PASSWORD})

    assert await pending(team) == 0
    if how != "deletes the account":
        await team.add(team.member)
        answer = await team.member.post(f"{team.path}/transfer/accept")
        assert problem(answer) == (404, "transfer_not_found")
    assert await owner_of(team) == team.owner.id


async def test_the_offer_ends_with_the_ownership(team: Team):
    """A former owner's offer is void, however the ownership changed."""
    await offer(team, team.member)
    await team.transferred(team.admin)

    answer = await team.member.post(f"{team.path}/transfer/accept")

    assert problem(answer) == (404, "transfer_not_found")
    assert await owner_of(team) == team.admin.id
    assert (await team.owner.delete(f"{team.path}/transfer")).status_code == 403


async def test_list_in_pages(api: Api):
    """The list has the caller's offers of every workspace once, the newest first."""
    ann = await api.person("ann")
    teams = [await make_team(api, f"n{number}") for number in range(3)]
    for team in teams:
        await team.add(ann)
        await offer(team, ann)
        await asyncio.sleep(0.002)  # ids grow from one millisecond to the next

    first = (await ann.get("/v1/me/transfers?take=2")).json()
    last = (await ann.get(f"/v1/me/transfers?cursor={first['nextCursor']}")).json()

    names = [item["workspace"]["name"] for item in first["items"] + last["items"]]
    assert names == ["Team n2", "Team n1", "Team n0"]
    assert last["nextCursor"] is None


async def test_an_owner_sends_a_limited_number_of_offers(team: Team):
    """Offering and cancelling in turns sends 10 mails a day about one workspace."""
    statuses: list[int] = []
    for _ in range(11):
        statuses.append((await offer(team, team.member)).status_code)
        await team.owner.delete(f"{team.path}/transfer")

    assert statuses == [201] * 10 + [429]


async def at_once(*requests: Awaitable[Response]) -> list[Response]:
    return list(await asyncio.gather(*requests))


async def test_one_of_many_offers(team: Team):
    """One of several concurrent offers succeeds."""
    heirs = [await team.joined(f"heir{number}") for number in range(5)]

    answers = await at_once(*(offer(team, heir) for heir in heirs))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 4}
    assert await team.actions() == ["transfer.offered"]


async def test_an_offer_is_answered_once(team: Team):
    """Accepting, declining and cancelling at the same time: one of them succeeds."""
    for _ in range(4):
        await team.api.owner.workspacetransfer.delete_many()
        await team.transferred(team.owner)
        await team.offered(team.member)
        answers = await at_once(
            team.member.post(f"{team.path}/transfer/accept"),
            team.member.post(f"{team.path}/transfer/decline"),
            team.owner.delete(f"{team.path}/transfer"),
            team.member.post(f"{team.path}/transfer/accept"),
        )

        assert sum(answer.is_success for answer in answers) == 1
        accepted = any(answer.status_code == 200 for answer in answers)
        assert await owner_of(team) == (team.member if accepted else team.owner).id
        assert await pending(team) == 0


async def test_policies_show_an_offer_to_both_sides_alone(team: Team):
    """Other members of the workspace see and change nothing, even without a filter."""
    await team.offered(team.member)

    async def seen(person: Person, *, workspace: str) -> int:
        with use_scope(user=person.id, workspace=workspace):
            return await prisma.workspacetransfer.count()

    assert [await seen(who, workspace=team.id) for who in (team.owner, team.member)] == [1, 1]
    assert await seen(team.member, workspace="") == 1
    assert await seen(team.owner, workspace="") == 0
    assert await seen(team.admin, workspace=team.id) == 0
    with use_scope(user=team.admin.id, workspace=team.id):
        assert await prisma.workspacetransfer.delete_many() == 0
        with pytest.raises(PrismaError, match="row-level security"):
            await prisma.workspacetransfer.create_many(
                data=[
                    {
                        "workspaceId": team.id,
                        "userId": team.admin.id,
                        "expiresAt": datetime.now(UTC),
                    }
                ]
            )
