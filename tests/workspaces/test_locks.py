"""Requests that wait for a held row lock: none sees an outdated state, none deadlocks."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, LiteralString

import pytest
from httpx import Response
from prisma import Prisma
from prisma.enums import WorkspaceRole

from tests.fix_api import PASSWORD, Api, Person
from tests.fix_team import Team, make_team

Answer = Coroutine[Any, Any, Response]
# Prepares a team for a request by or about a user; returns what sends the request.
Request = Callable[[Team, Person], Awaitable[Callable[[], Answer]]]

HELD: dict[str, LiteralString] = {
    "workspace": """SELECT id FROM "Workspace" FOR UPDATE""",
    "user": """SELECT id FROM "User" FOR UPDATE""",
    "session": """SELECT id FROM "Session" FOR UPDATE""",
}


async def accept_invitation(team: Team, user: Person):
    _, token = await team.invited(user.email)
    return lambda: user.post("/v1/invitations/accept", {"token": token})


async def accept_transfer(team: Team, user: Person):
    await team.add(user)
    await team.offered(user)
    return lambda: user.post(f"{team.path}/transfer/accept")


async def create_workspace(_: Team, user: Person):
    return lambda: user.post("/v1/workspaces", {"name": "Another"})


async def be_added(team: Team, user: Person):
    other = await team.api.owner.workspace.create({"name": "Other", "ownerId": user.id})
    await team.api.owner.workspacemember.create({"workspaceId": other.id, "userId": team.admin.id})
    return lambda: team.admin.post(f"{team.path}/members", {"userId": user.id})


JOINS: dict[str, Request] = {
    "accept an invitation": accept_invitation,
    "accept a transfer": accept_transfer,
    "create a workspace": create_workspace,
    "be added": be_added,
}


async def memberships_in_trails(owner: Prisma, user: Person) -> dict[str, bool]:
    """Return per workspace whether its trail says that the user is a member at the end."""
    events = await owner.query_raw(
        """
        SELECT "workspaceId" AS id, action, "actorId" AS actor, "subjectId" AS subject
        FROM "AuditEvent" ORDER BY ctid
        """
    )
    members: dict[str, bool] = {}
    for event in events:
        match event["action"]:
            case "workspace.created" | "invitation.accepted" if event["actor"] == user.id:
                members[event["id"]] = True
            case "member.added" | "workspace.transferred" if event["subject"] == user.id:
                members[event["id"]] = True
            case "member.left" | "member.removed" if event["subject"] == user.id:
                members[event["id"]] = False
            case "workspace.deleted":
                members[event["id"]] = False
            case _:
                pass
    return members


@pytest.mark.parametrize("join", JOINS)
async def test_a_deleted_account_joins_nothing(team: Team, join: str):
    """What a user starts to join while their account is deleted is refused, and not recorded."""
    api, user = team.api, await team.api.person("ann")
    request = await JOINS[join](team, user)
    # The deletion has written its events by the time it deletes the sessions.
    async with api.hold("""SELECT id FROM "Session" FOR UPDATE"""):
        deletion = asyncio.create_task(user.delete("/v1/me", {"password": PASSWORD}))
        await api.wait_for_blocked_queries(1)
        joining = asyncio.create_task(request())
        await api.wait_for_blocked_queries(2)

    assert (await deletion).status_code == 204
    assert (await joining).status_code in (401, 404)
    assert not any((await memberships_in_trails(api.owner, user)).values())
    assert user.id not in await team.roles()


@pytest.mark.parametrize("join", JOINS)
async def test_a_deletion_records_what_was_joined_before(team: Team, join: str):
    """An account that is deleted while its user joins a workspace leaves it in the trail too."""
    api, user = team.api, await team.api.person("ann")
    request = await JOINS[join](team, user)
    async with api.hold("""LOCK TABLE "AuditEvent" IN SHARE MODE"""):
        joining = asyncio.create_task(request())
        await api.wait_for_blocked_queries(1)
        deletion = asyncio.create_task(user.delete("/v1/me", {"password": PASSWORD}))
        await api.wait_for_blocked_queries(2)

    assert (await joining).is_success
    assert (await deletion).status_code == 204
    trails = await memberships_in_trails(api.owner, user)
    assert trails
    assert not any(trails.values())


CHANGES: dict[str, tuple[str, Callable[[Team, Person], Answer]]] = {
    "rename": ("admin", lambda team, who: who.patch(team.path, {"name": "New"})),
    "invite": (
        "admin",
        lambda team, who: who.post(f"{team.path}/invitations", {"email": "e@x.org"}),
    ),
    "remove": ("admin", lambda team, who: who.delete(f"{team.path}/members/{team.member.id}")),
    "promote": (
        "owner",
        lambda team, who: who.patch(f"{team.path}/members/{team.member.id}", {"role": "admin"}),
    ),
    "offer": (
        "owner",
        lambda team, who: who.post(f"{team.path}/transfer", {"userId": team.member.id}),
    ),
    "cancel": ("owner", lambda team, who: who.delete(f"{team.path}/transfer")),
    "accept": ("admin", lambda team, who: who.post(f"{team.path}/transfer/accept")),
    "decline": ("admin", lambda team, who: who.post(f"{team.path}/transfer/decline")),
    "leave": ("admin", lambda team, who: who.delete(f"{team.path}/members/{who.id}")),
    "delete": ("owner", lambda team, who: who.delete(team.path)),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_sees_what_happened_while_it_waited(team: Team, change: str):
    """Whoever lost their role while the request waited for the lock is refused."""
    role, request = CHANGES[change]
    caller: Person = getattr(team, role)
    if change in ("cancel", "accept", "decline"):
        await team.offered(team.admin)
    async with team.api.hold(HELD["workspace"]) as tx:
        waiting = asyncio.create_task(request(team, caller))
        await team.api.wait_for_blocked_queries(1)
        if role == "owner":
            await tx.workspace.update(
                where={"id": team.id}, data={"owner": {"connect": {"id": team.admin.id}}}
            )
        else:
            await tx.workspacemember.delete_many(where={"userId": caller.id})

    answer = await waiting
    assert answer.status_code == (403 if role == "owner" else 404)
    assert await team.actions() == []
    assert (await team.api.owner.workspace.find_first_or_raise()).name == team.name_shown


async def remove(team: Team, user: Person):
    return lambda: team.owner.delete(f"{team.path}/members/{user.id}")


async def switch(team: Team, user: Person):
    return lambda: user.put("/v1/me/workspace", {"workspaceId": team.id})


async def invite(team: Team, user: Person):
    return lambda: user.post(f"{team.path}/invitations", {"email": f"{user.id}@example.com"})


async def offer(team: Team, user: Person):
    return lambda: team.owner.post(f"{team.path}/transfer", {"userId": user.id})


async def log_in(team: Team, user: Person):
    return lambda: team.api.log_in(user.email)


async def refresh(team: Team, user: Person):
    token = (await team.api.log_in(user.email)).json()["refreshToken"]
    return lambda: team.api.anonymous.post("/v1/auth/refresh", json={"refreshToken": token})


async def delete_account(_: Team, user: Person):
    return lambda: user.delete("/v1/me", {"password": PASSWORD})


async def delete_workspace(team: Team, _: Person):
    return lambda: team.owner.delete(team.path)


async def accept_own_transfer(team: Team, user: Person):
    if not await team.api.owner.workspacetransfer.count(where={"workspaceId": team.id}):
        await team.offered(user)
    return lambda: user.post(f"{team.path}/transfer/accept")


OF_AN_ADMIN: dict[str, Request] = {
    "accept an invitation": accept_invitation,
    "accept a transfer": accept_own_transfer,
    "offer a transfer": offer,
    "create a workspace": create_workspace,
    "be added": be_added,
    "be removed": remove,
    "invite": invite,
    "switch": switch,
    "log in": log_in,
    "refresh": refresh,
    "delete the workspace": delete_workspace,
}


async def done_or_blocked(api: Api, tasks: list[asyncio.Task[Response]]) -> None:
    """Wait until each task is done or waits for a lock."""
    for _ in range(1000):
        found = await api.owner.query_first(
            """
            SELECT count(*)::int AS "blocked" FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
        )
        if found["blocked"] >= sum(not task.done() for task in tasks):
            return
        await asyncio.sleep(0.01)
    pytest.fail("a task neither ends nor waits for a lock")


@pytest.mark.parametrize("name", OF_AN_ADMIN)
async def test_no_deadlock_with_the_deletion_of_an_account(api: Api, name: str):
    """A change and the deletion of an admin's account wait for each other in either order."""
    for kind, lock in HELD.items():
        for is_deletion_first in (True, False):
            team = await make_team(api, f"{kind}.{int(is_deletion_first)}")
            user = await team.joined("ann", WorkspaceRole.admin)
            other = await OF_AN_ADMIN[name](team, user)
            requests = [await delete_account(team, user), other]
            tasks: list[asyncio.Task[Response]] = []
            async with api.hold(lock):
                for request in requests if is_deletion_first else reversed(requests):
                    tasks.append(asyncio.create_task(request()))
                    await done_or_blocked(api, tasks)

            answers = [await task for task in tasks]
            assert all(answer.status_code < 500 for answer in answers), (kind, is_deletion_first)
            assert not any((await memberships_in_trails(api.owner, user)).values())
            assert not await api.owner.user.count(where={"id": user.id})
