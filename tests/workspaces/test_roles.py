"""The matrix of docs/roles.md, every cell of it."""

import re
from collections.abc import Awaitable, Callable

import pytest
from httpx import Response
from prisma.enums import WorkspaceRole

from app.settings import ROOT
from tests.fix_api import Api, Person
from tests.fix_team import Team, make_team

ROLES = ("owner", "admin", "member", "stranger")


def matrix() -> dict[str, dict[str, str]]:
    """The table of the page: what somebody does -> who they are -> what they get."""
    page = (ROOT / "docs" / "roles.md").read_text()
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if line.startswith("|")
    ]
    assert head[1:] == list(ROLES)
    assert all(re.fullmatch(r"\d{3}|yes|no", cell) for _, *cells in rows for cell in cells)
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: dict(zip(ROLES, row[1:], strict=True)) for row in rows}


Act = Callable[[Team, Person], Awaitable[Response]]


def add(role: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        newcomer = await team.api.person(f"newcomer.{team.name}")
        # Everybody knows the newcomer from elsewhere.
        other = await team.api.owner.workspace.create({"name": "Other", "ownerId": newcomer.id})
        await team.api.owner.workspacemember.create({"workspaceId": other.id, "userId": caller.id})
        return await caller.post(f"{team.path}/members", {"userId": newcomer.id, "role": role})

    return act


def give(who: str, role: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        target = await target_of(team, caller, who)
        return await caller.patch(f"{team.path}/members/{target}", {"role": role})

    return act


def remove(who: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        return await caller.delete(f"{team.path}/members/{await target_of(team, caller, who)}")

    return act


def transfer(who: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        body = {"userId": await target_of(team, caller, who)}
        return await caller.post(f"{team.path}/transfer", body)

    return act


async def target_of(team: Team, caller: Person, who: str) -> str:
    """The caller, the owner, or somebody else who is an admin, a member, a stranger."""
    if who == "oneself":
        return caller.id
    if who == "owner":
        return team.owner.id
    if who == "stranger":
        return (await team.api.person(f"somebody.{team.name}")).id
    return (await team.joined("another", WorkspaceRole(who))).id


def invite(role: str) -> Act:
    return lambda team, caller: caller.post(
        f"{team.path}/invitations", {"email": "guest@example.com", "role": role}
    )


def revoke(role: WorkspaceRole) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        invitation, _ = await team.invited("guest@example.com", role=role)
        return await caller.delete(f"{team.path}/invitations/{invitation}")

    return act


ACTS: dict[str, Act] = {
    "see the workspace in one's list": lambda _, caller: caller.get("/v1/workspaces"),
    "read the workspace": lambda team, caller: caller.get(team.path),
    "rename or describe it": lambda team, caller: caller.patch(team.path, {"name": "New"}),
    "delete it": lambda team, caller: caller.delete(team.path),
    "transfer it to a member": transfer("member"),
    "transfer it to a stranger": transfer("stranger"),
    "transfer it to oneself": transfer("oneself"),
    "list the members": lambda team, caller: caller.get(f"{team.path}/members"),
    "add a member": add("member"),
    "add an admin": add("admin"),
    "add an owner": add("owner"),
    "make a member an admin": give("member", "admin"),
    "make a member the owner": give("member", "owner"),
    "make an admin a member": give("admin", "member"),
    "make the owner a member": give("owner", "member"),
    "change one's own role": give("oneself", "admin"),
    "remove a member": remove("member"),
    "remove an admin": remove("admin"),
    "remove the owner": remove("owner"),
    "leave": remove("oneself"),
    "invite a member": invite("member"),
    "invite an admin": invite("admin"),
    "list the invitations": lambda team, caller: caller.get(f"{team.path}/invitations"),
    "revoke a member's invitation": revoke(WorkspaceRole.member),
    "revoke an admin's invitation": revoke(WorkspaceRole.admin),
    "read the audit trail": lambda team, caller: caller.get(f"{team.path}/audit-events"),
}


def test_the_matrix_is_the_page():
    """Each row of the page has its request here, and the other way round."""
    assert matrix().keys() == ACTS.keys()


async def test_every_route_of_a_workspace_is_in_the_matrix(api: Api):
    """A route that comes later comes with its row."""
    asked: list[str] = []
    for number, act in enumerate(ACTS.values()):
        team = await make_team(api, f"number{number}")
        request = (await act(team, team.owner)).request
        asked.append(f"{request.method} {request.url.path}")

    for path, methods in api.app.openapi()["paths"].items():
        for method in methods if "{workspaceId}" in path else ():
            route = f"{method.upper()} {path}"
            shape = re.compile(re.sub(r"{\w+}", "[^/]+", route))
            assert any(map(shape.fullmatch, asked)), route


@pytest.mark.parametrize("act", ACTS)
async def test_every_cell(api: Api, act: str):
    """Everybody gets what the page says, nothing changes where it says no, and one owner stays."""
    for role in ROLES:
        team = await make_team(api, f"with.{role}")
        caller = await api.person("stranger") if role == "stranger" else getattr(team, role)
        expected = matrix()[act][role]

        answer = await ACTS[act](team, caller)

        if expected in ("yes", "no"):
            seen = [item["id"] for item in answer.json()["items"]]
            assert (team.id in seen) == (expected == "yes"), role
            continue
        assert answer.status_code == int(expected), (role, answer.text)
        events = await team.actions()
        if not answer.is_success:
            assert answer.json()["code"], role
            assert events == [], role
        elif answer.request.method != "GET":
            assert len(events) == 1, role
        owners = [user for user, held in (await team.roles()).items() if held == "owner"]
        assert len(owners) == (0 if act == "delete it" and answer.is_success else 1), role
