"""The table of docs/roles.md about workspaces as requests."""

from httpx import Response
from prisma.enums import WorkspaceRole

from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import Act, Roles, rows_of_page


def add(role: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        newcomer = await team.api.person(f"newcomer.{team.name}")
        # The caller shares another workspace with the newcomer.
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


def offer(who: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        body = {"userId": await target_of(team, caller, who)}
        return await caller.post(f"{team.path}/transfer", body)

    return act


def answer_offer(method: str, path: str, *, is_to_caller: bool = False) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        if not is_to_caller:
            await team.offered(await team.joined("another"))
        elif caller in (team.admin, team.member):
            await team.offered(caller)
        return await caller.request(method, f"{team.path}/{path}")

    return act


async def target_of(team: Team, caller: Person, who: str) -> str:
    """Return the id of the caller, the owner, or another user with a role or none."""
    if who == "yourself":
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


_ACTS: dict[str, Act] = {
    "see the workspace in your list": lambda _, caller: caller.get("/v1/workspaces"),
    "read the workspace": lambda team, caller: caller.get(team.path),
    "rename or describe it": lambda team, caller: caller.patch(team.path, {"name": "New"}),
    "delete it": lambda team, caller: caller.delete(team.path),
    "offer it to a member": offer("member"),
    "offer it to a stranger": offer("stranger"),
    "offer it to yourself": offer("yourself"),
    "read an offer to somebody else": answer_offer("GET", "transfer"),
    "cancel an offer": answer_offer("DELETE", "transfer"),
    "accept an offer to you": answer_offer("POST", "transfer/accept", is_to_caller=True),
    "accept an offer to somebody else": answer_offer("POST", "transfer/accept"),
    "decline an offer to you": answer_offer("POST", "transfer/decline", is_to_caller=True),
    "decline an offer to somebody else": answer_offer("POST", "transfer/decline"),
    "list the members": lambda team, caller: caller.get(f"{team.path}/members"),
    "add a member": add("member"),
    "add an admin": add("admin"),
    "add an owner": add("owner"),
    "make a member an admin": give("member", "admin"),
    "make a member the owner": give("member", "owner"),
    "make an admin a member": give("admin", "member"),
    "make the owner a member": give("owner", "member"),
    "change your own role": give("yourself", "admin"),
    "remove a member": remove("member"),
    "remove an admin": remove("admin"),
    "remove the owner": remove("owner"),
    "leave": remove("yourself"),
    "invite a member": invite("member"),
    "invite an admin": invite("admin"),
    "list the invitations": lambda team, caller: caller.get(f"{team.path}/invitations"),
    "revoke a member's invitation": revoke(WorkspaceRole.member),
    "revoke an admin's invitation": revoke(WorkspaceRole.admin),
    "read the audit trail": lambda team, caller: caller.get(f"{team.path}/audit-events"),
}

ROLES_OF_PAGE = rows_of_page("In a workspace", Roles, _ACTS)
