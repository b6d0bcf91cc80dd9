"""The table of docs/roles.md about organizations as requests."""

from httpx import Response
from prisma.enums import OrgRole

from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import Act, Roles, rows_of_page
from tests.tenancy_requests import TenancyRequests

_of_organization = TenancyRequests(lambda team: team.organization)


def change(**body: object) -> Act:
    return lambda team, caller: caller.patch(team.organization.path, body)


def beside_another_owner(act: Act) -> Act:
    async def with_owner(team: Team, caller: Person) -> Response:
        await team.organization.joined("co-owner", OrgRole.OWNER)
        return await act(team, caller)

    return with_owner


_ACTS: dict[str, Act] = {
    "see the organization in your list": lambda _, caller: caller.get("/v1/organizations"),
    "read the organization": lambda team, caller: caller.get(team.organization.path),
    "rename it": change(name="New"),
    "choose what members inherit": change(memberBaseRole="EDITOR"),
    "allow impersonation of its members": change(impersonationAllowed=True),
    "delete it": lambda team, caller: caller.delete(team.organization.path),
    "offer the ownership to a member": _of_organization.offer("member"),
    "offer the ownership to a stranger": _of_organization.offer("stranger"),
    "offer the ownership to another owner": _of_organization.offer("owner"),
    "read an offer to somebody else": _of_organization.answer_offer("GET", "transfer"),
    "cancel an offer": _of_organization.answer_offer("DELETE", "transfer"),
    "accept an offer to you": _of_organization.answer_offer(
        "POST", "transfer/accept", is_to_caller=True
    ),
    "accept an offer to somebody else": _of_organization.answer_offer("POST", "transfer/accept"),
    "decline an offer to you": _of_organization.answer_offer(
        "POST", "transfer/decline", is_to_caller=True
    ),
    "decline an offer to somebody else": _of_organization.answer_offer("POST", "transfer/decline"),
    "list the members": lambda team, caller: caller.get(f"{team.organization.path}/members"),
    "make a member an admin": _of_organization.give("member", "admin"),
    "make a member an owner": _of_organization.give("member", "owner"),
    "make an admin a member": _of_organization.give("admin", "member"),
    "make another owner a member": _of_organization.give("owner", "member"),
    "lower yourself": _of_organization.give("yourself", "member"),
    "lower yourself, confirmed": _of_organization.give("yourself", "member", confirm=True),
    "lower yourself, confirmed, beside another owner": beside_another_owner(
        _of_organization.give("yourself", "member", confirm=True)
    ),
    "remove a member": _of_organization.remove("member"),
    "remove an admin": _of_organization.remove("admin"),
    "remove another owner": _of_organization.remove("owner"),
    "leave": _of_organization.remove("yourself"),
    "leave, confirmed": _of_organization.remove("yourself", "?confirm=true"),
    "leave, confirmed, beside another owner": beside_another_owner(
        _of_organization.remove("yourself", "?confirm=true")
    ),
    "invite a member": _of_organization.invite("member"),
    "invite an admin": _of_organization.invite("admin"),
    "invite an owner": _of_organization.invite("owner"),
    "list the invitations": lambda team, caller: caller.get(
        f"{team.organization.path}/invitations"
    ),
    "revoke a member's invitation": _of_organization.revoke("member"),
    "revoke an admin's invitation": _of_organization.revoke("admin"),
    "revoke an owner's invitation": _of_organization.revoke("owner"),
    "read the audit trail": lambda team, caller: caller.get(
        f"{team.organization.path}/audit-events"
    ),
}

ROLES_OF_PAGE = rows_of_page("In an organization", Roles, _ACTS)
