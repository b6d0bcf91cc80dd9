"""The table of docs/roles.md about projects as requests."""

from httpx import Response
from prisma.enums import OrgRole, ProjectRole

from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import Act, ProjectRoles, Roles, rows_of_page


async def target_of(team: Team, caller: Person, who: str) -> str:
    """Return the id of the caller, of the owner, or of another user."""
    if who == "yourself":
        return caller.id
    if who == "owner":
        return team.owner.id
    if who == "stranger":
        return (await team.api.person(f"somebody.{team.name}")).id
    return (await team.organization.joined("another", OrgRole(who.upper()))).id


def give(who: str, role: str, *, confirm: bool = False) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        target = await target_of(team, caller, who)
        return await caller.put(
            f"{team.project_path}/members/{target}/role", {"role": role, "confirm": confirm}
        )

    return act


def reset(*, is_own: bool) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        other = await team.joined_project("another", ProjectRole.EDITOR)
        target = caller.id if is_own else other.id
        path = f"{team.project_path}/members/{target}/role"
        return await caller.delete(path, params={"confirm": True})

    return act


def ask(what: str, who: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        target = await target_of(team, caller, who)
        return await caller.get(f"{team.project_path}/{what}", params={"userId": target})

    return act


async def preview(team: Team, caller: Person) -> Response:
    change = {"type": "project_role", "userId": team.member.id, "role": "EDITOR"}
    return await caller.post(f"{team.project_path}/role-preview", {"change": change})


_ACTS: dict[str, Act] = {
    "see the project in your list": lambda team, caller: caller.get(
        f"{team.organization.path}/projects"
    ),
    "read the project": lambda team, caller: caller.get(team.project_path),
    "rename or describe it": lambda team, caller: caller.patch(
        team.project_path, {"name": "Renamed"}
    ),
    "delete it": lambda team, caller: caller.delete(team.project_path),
    "list the members who have access": lambda team, caller: caller.get(
        f"{team.project_path}/members"
    ),
    "give a member a role": give("member", "EDITOR"),
    "give an admin of the organization a role": give("admin", "EDITOR"),
    "lower an owner of the organization": give("owner", "EDITOR"),
    "give somebody outside the organization a role": give("stranger", "EDITOR"),
    "lower yourself": give("yourself", "VIEWER"),
    "lower yourself, with confirmation": give("yourself", "VIEWER", confirm=True),
    "return a member to inheritance": reset(is_own=False),
    "give up your own role, with confirmation": reset(is_own=True),
    "read your role": ask("effective-role", "yourself"),
    "read another member's role": ask("effective-role", "member"),
    "have your role explained": ask("role-explanation", "yourself"),
    "have another member's role explained": ask("role-explanation", "member"),
    "preview another member's role": preview,
}

_IN_ORGANIZATION: dict[str, Act] = {
    "create a project": lambda team, caller: caller.post(
        f"{team.organization.path}/projects", {"name": "New"}
    ),
    "list the projects in which you have a role": lambda team, caller: caller.get(
        f"{team.organization.path}/projects"
    ),
}

ROLES_OF_PAGE = {
    **rows_of_page("Projects of an organization", Roles, _IN_ORGANIZATION),
    **rows_of_page("What a project role allows", ProjectRoles, _ACTS),
}
