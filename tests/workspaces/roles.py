"""The table of docs/roles.md about workspaces as requests."""

from httpx import Response

from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import Act, Roles, rows_of_page
from tests.tenancy_requests import TenancyRequests

_of_workspace = TenancyRequests(lambda team: team)


def add(role: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        newcomer = await team.api.person(f"newcomer.{team.name}")
        # The caller shares another workspace with the newcomer.
        other = await team.api.owner.workspace.create({"name": "Other", "ownerId": newcomer.id})
        await team.api.owner.workspacemember.create({"workspaceId": other.id, "userId": caller.id})
        return await caller.post(f"{team.path}/members", {"userId": newcomer.id, "role": role})

    return act


_ACTS: dict[str, Act] = {
    "see the workspace in your list": lambda _, caller: caller.get("/v1/workspaces"),
    "read the workspace": lambda team, caller: caller.get(team.path),
    "rename or describe it": lambda team, caller: caller.patch(team.path, {"name": "New"}),
    "allow impersonation of its members": lambda team, caller: caller.patch(
        team.path, {"impersonationAllowed": True}
    ),
    "delete it": lambda team, caller: caller.delete(team.path),
    "offer it to a member": _of_workspace.offer("member"),
    "offer it to a stranger": _of_workspace.offer("stranger"),
    "offer it to yourself": _of_workspace.offer("yourself"),
    "read an offer to somebody else": _of_workspace.answer_offer("GET", "transfer"),
    "cancel an offer": _of_workspace.answer_offer("DELETE", "transfer"),
    "accept an offer to you": _of_workspace.answer_offer(
        "POST", "transfer/accept", is_to_caller=True
    ),
    "accept an offer to somebody else": _of_workspace.answer_offer("POST", "transfer/accept"),
    "decline an offer to you": _of_workspace.answer_offer(
        "POST", "transfer/decline", is_to_caller=True
    ),
    "decline an offer to somebody else": _of_workspace.answer_offer("POST", "transfer/decline"),
    "list the members": lambda team, caller: caller.get(f"{team.path}/members"),
    "add a member": add("member"),
    "add an admin": add("admin"),
    "add an owner": add("owner"),
    "make a member an admin": _of_workspace.give("member", "admin"),
    "make a member the owner": _of_workspace.give("member", "owner"),
    "make an admin a member": _of_workspace.give("admin", "member"),
    "make the owner a member": _of_workspace.give("the owner", "member"),
    "change your own role": _of_workspace.give("yourself", "admin"),
    "remove a member": _of_workspace.remove("member"),
    "remove an admin": _of_workspace.remove("admin"),
    "remove the owner": _of_workspace.remove("the owner"),
    "leave": _of_workspace.remove("yourself"),
    "invite a member": _of_workspace.invite("member"),
    "invite an admin": _of_workspace.invite("admin"),
    "invite an owner": _of_workspace.invite("owner"),
    "list the invitations": lambda team, caller: caller.get(f"{team.path}/invitations"),
    "revoke a member's invitation": _of_workspace.revoke("member"),
    "revoke an admin's invitation": _of_workspace.revoke("admin"),
    "read the audit trail": lambda team, caller: caller.get(f"{team.path}/audit-events"),
}

ROLES_OF_PAGE = rows_of_page("In a workspace", Roles, _ACTS)
