"""How many statements each route sends: a query more in any of them is seen here."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi.routing import APIRoute

from app.main import ROUTES
from tests.fix_api import PASSWORD, Api
from tests.fix_team import Team, make_team
from tests.fix_work import Counter

# With BEGIN and COMMIT; the settings of row-level security are the engine's own and not counted.
STATEMENTS = {
    "health": 0,
    "ready": 1,
    "metrics": 0,
    "sign_up": 8,
    "resend_confirmation": 7,
    "confirm_email": 11,
    "log_in": 12,
    "refresh": 7,
    "forgot_password": 7,
    "reset_password": 11,
    "read_me": 1,
    "change_me": 2,
    "list_sessions": 2,
    "end_session": 2,
    "change_password": 9,
    "create_workspace": 6,
    "list_workspaces": 2,
    "read_workspace": 1,
    "switch_workspace": 8,
    "change_workspace": 7,
    "list_members": 2,
    "list_audit_events": 2,
    "list_invitations": 2,
    "invite": 12,
    "revoke_invitation": 8,
    "accept_invitation": 9,
    "change_member": 9,
    "remove_member": 8,
    "add_member": 10,
    "transfer_workspace": 11,
    "delete_workspace": 7,
    "log_out": 2,
    "delete_me": 8,
}

Request = Callable[[], Awaitable[httpx.Response]]


async def requests(api: Api, team: Team) -> AsyncIterator[tuple[str, Request]]:
    """A request to each route that succeeds, by the name of its handler."""
    owner, admin, anonymous = team.owner, team.admin, api.anonymous
    ann = await api.person("ann")
    new = {"email": "new@example.com", "password": PASSWORD}

    yield "health", lambda: anonymous.get("/health")
    yield "ready", lambda: anonymous.get("/ready")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app), base_url="http://tenantry"
    ) as operator:
        yield "metrics", lambda: operator.get("/metrics")

    yield "sign_up", lambda: anonymous.post("/v1/auth/sign-up", json=new)
    again = {"email": new["email"]}
    yield "resend_confirmation", lambda: anonymous.post("/v1/auth/resend-confirmation", json=again)
    token = await api.link(new["email"], "Confirm your e-mail address")
    confirmed = {"token": token, "password": PASSWORD}
    yield "confirm_email", lambda: anonymous.post("/v1/auth/confirm-email", json=confirmed)
    yield "log_in", lambda: anonymous.post("/v1/auth/log-in", json=new)
    known = (await api.log_in(new["email"])).json()
    old = {"refreshToken": known["refreshToken"]}
    yield "refresh", lambda: anonymous.post("/v1/auth/refresh", json=old)
    yield "forgot_password", lambda: anonymous.post("/v1/auth/forgot-password", json=again)
    token = await api.link(new["email"], "Set a new password")
    reset = {"token": token, "newPassword": f"{PASSWORD}, and another"}
    yield "reset_password", lambda: anonymous.post("/v1/auth/reset-password", json=reset)

    yield "read_me", lambda: ann.get("/v1/me")
    yield "change_me", lambda: ann.patch("/v1/me", {"name": "Anna"})
    yield "list_sessions", lambda: ann.get("/v1/me/sessions")
    second = await api.signed_in(ann.id, ann.email)
    yield "end_session", lambda: ann.delete(f"/v1/me/sessions/{second.session}")
    changed = {"currentPassword": PASSWORD, "newPassword": f"{PASSWORD}, and another"}
    yield "change_password", lambda: ann.post("/v1/me/password", changed)

    yield "create_workspace", lambda: ann.post("/v1/workspaces", {"name": "Another"})
    yield "list_workspaces", lambda: admin.get("/v1/workspaces")
    yield "read_workspace", lambda: admin.get(team.path)
    yield "switch_workspace", lambda: admin.put("/v1/me/workspace", {"workspaceId": team.id})
    yield "change_workspace", lambda: admin.patch(team.path, {"name": "Renamed"})
    yield "list_members", lambda: admin.get(f"{team.path}/members")
    yield "list_audit_events", lambda: admin.get(f"{team.path}/audit-events")
    yield "list_invitations", lambda: admin.get(f"{team.path}/invitations")

    guest = {"email": ann.email}
    yield "invite", lambda: admin.post(f"{team.path}/invitations", guest)
    id_, _ = await team.invited("nobody@example.com")
    yield "revoke_invitation", lambda: admin.delete(f"{team.path}/invitations/{id_}")
    bob = await api.person("bob")
    _, token = await team.invited(bob.email)
    yield "accept_invitation", lambda: bob.post("/v1/invitations/accept", {"token": token})
    role = {"role": "admin"}
    yield "change_member", lambda: owner.patch(f"{team.path}/members/{bob.id}", role)
    yield "remove_member", lambda: owner.delete(f"{team.path}/members/{bob.id}")
    other = await make_team(api, "blue")
    await team.add(other.owner)
    await other.add(admin)
    known_one = {"userId": other.member.id}
    yield "add_member", lambda: admin.post(f"{team.path}/members", known_one)
    heir = {"userId": admin.id}
    yield "transfer_workspace", lambda: owner.post(f"{team.path}/transfer", heir)
    yield "delete_workspace", lambda: admin.delete(team.path)

    yield "log_out", lambda: bob.post("/v1/auth/log-out")
    left = await api.person("cleo")
    yield "delete_me", lambda: left.delete("/v1/me", {"password": PASSWORD})


async def test_each_route_sends_so_many_statements(api: Api, team: Team, work: Counter):
    """As many as are written down: a route that needs another one is changed here too."""
    counts: dict[str, int] = {}
    async for name, request in requests(api, team):
        with work.counting() as done:
            answer = await request()
        assert answer.is_success, f"{name}: {answer.status_code} {answer.text}"
        counts[name] = len(done.statements)

    assert counts == STATEMENTS


@pytest.mark.parametrize("workspaces", [1, 30])
async def test_an_account_ends_in_as_many_statements(api: Api, work: Counter, workspaces: int):
    """Whatever it owns and is a member of."""
    ann, bob = await api.person("ann"), await api.person("bob")
    for owner, member in ((ann, bob), (bob, ann)):
        for number in range(workspaces):
            made = await api.owner.workspace.create({"name": f"W{number}", "ownerId": owner.id})
            await api.owner.workspacemember.create({"workspaceId": made.id, "userId": member.id})
    with work.counting() as done:
        answer = await ann.delete("/v1/me", {"password": PASSWORD})

    assert answer.status_code == 204
    assert len(done.statements) == STATEMENTS["delete_me"]
    assert await api.owner.workspace.count() == workspaces
    assert await api.owner.auditevent.count() == 2 * workspaces


def test_every_route_is_counted():
    """A new route comes with its number."""
    assert {route.name for route in ROUTES if isinstance(route, APIRoute)} == STATEMENTS.keys()
