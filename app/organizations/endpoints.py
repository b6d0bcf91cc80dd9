"""HTTP routes of organizations, their members, invitations, transfers and audit trails."""

from typing import Annotated

from fastapi import Body, Query
from prisma.partials import PendingOrganizationTransfer

from app import audit
from app.auth import CurrentCaller
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.http.requests import CurrentSettings, InvitationId, UserId
from app.organizations import invitations, members, rules, transfers
from app.organizations.schemas import (
    IssuedOrganizationInvitation,
    MyOrganization,
    NewOrganization,
    NewOrganizationInvitation,
    NewOrganizationOwner,
    NewOrgRole,
    OrganizationChange,
    OrganizationMembership,
    PendingOrganizationInvitation,
)
from app.organizations.scope import OrgAdminScope, OrgMemberScope, OrgOwnerScope

router = domain_router()
ORGANIZATION = "/organizations/{organizationId}"

Confirm = Annotated[bool, Query(description="Required to leave, which is your own removal.")]


@router.get(ORGANIZATION, tags=["organizations"])
async def read_organization(scope: OrgMemberScope) -> MyOrganization:
    """Return an organization."""
    return rules.organization_view(scope.organization, scope.role)


@router.post("/organizations", tags=["organizations"], status_code=201, responses=problems(409))
async def create_organization(
    caller: CurrentCaller, body: NewOrganization, settings: CurrentSettings
) -> MyOrganization:
    """Create an organization that you own."""
    return await rules.create(caller, name=body.name, limit=settings.organizations_per_owner)


@router.get("/organizations", tags=["organizations"])
async def list_organizations(caller: CurrentCaller, pages: Pagination) -> Page[MyOrganization]:
    """List your organizations, in the order in which you joined them."""
    return await rules.list_mine(caller, pages)


@router.patch(ORGANIZATION, tags=["organizations"])
async def change_organization(
    scope: OrgAdminScope, body: Annotated[OrganizationChange, Body()]
) -> MyOrganization:
    """Change the name or, as an owner, what members inherit and whether support may impersonate.

    Omitted fields stay unchanged. A `memberBaseRole` of null gives members no access to projects
    in which they have no role of their own.
    """
    return await rules.change(scope, body)


@router.delete(ORGANIZATION, tags=["organizations"], status_code=204)
async def delete_organization(scope: OrgOwnerScope) -> None:
    """Delete the organization with everything in it."""
    await rules.delete(scope)


@router.post(
    f"{ORGANIZATION}/transfer",
    tags=["transfers"],
    status_code=201,
    responses=problems(409, 429),
)
async def offer_organization_transfer(
    scope: OrgOwnerScope, body: NewOrganizationOwner, settings: CurrentSettings
) -> PendingOrganizationTransfer:
    """Offer the ownership to a member, who is told by mail. Nothing changes until they accept."""
    return await transfers.offer(
        scope,
        user=str(body.userId),
        keeps_ownership=body.keepsOwnership,
        public_url=settings.public_url,
    )


@router.get(f"{ORGANIZATION}/transfer", tags=["transfers"])
async def read_organization_transfer(scope: OrgMemberScope) -> PendingOrganizationTransfer:
    """Return the pending transfer, if you are an owner or the member who may accept it."""
    return await transfers.read(scope)


@router.delete(f"{ORGANIZATION}/transfer", tags=["transfers"], status_code=204)
async def cancel_organization_transfer(scope: OrgOwnerScope) -> None:
    """Withdraw the offer."""
    await transfers.cancel(scope)


@router.post(f"{ORGANIZATION}/transfer/accept", tags=["transfers"], responses=problems(409))
async def accept_organization_transfer(
    scope: OrgMemberScope, settings: CurrentSettings
) -> MyOrganization:
    """Become an owner; whoever offered becomes an admin, unless they keep the ownership."""
    return await transfers.accept(scope, limit=settings.organizations_per_owner)


@router.post(f"{ORGANIZATION}/transfer/decline", tags=["transfers"], status_code=204)
async def decline_organization_transfer(scope: OrgMemberScope) -> None:
    """Refuse the ownership that you were offered."""
    await transfers.decline(scope)


@router.get("/me/organization-transfers", tags=["transfers"])
async def list_organization_transfers(
    caller: CurrentCaller, pages: Pagination
) -> Page[PendingOrganizationTransfer]:
    """List the organizations whose ownership you were offered, newest first."""
    return await transfers.list_mine(caller, pages)


@router.get(f"{ORGANIZATION}/members", tags=["members"])
async def list_organization_members(
    scope: OrgMemberScope, pages: Pagination
) -> Page[OrganizationMembership]:
    """List the members, in the order of joining."""
    return await members.list_members(scope, pages)


@router.patch(f"{ORGANIZATION}/members/{{userId}}", tags=["members"], responses=problems(409))
async def change_organization_member(
    scope: OrgAdminScope, user_id: UserId, body: NewOrgRole
) -> OrganizationMembership:
    """Change the role of a member, or lower your own."""
    return await members.change_role(
        scope, user=user_id, role=body.role.role, is_confirmed=body.confirm
    )


@router.delete(
    f"{ORGANIZATION}/members/{{userId}}",
    tags=["members"],
    status_code=204,
    responses=problems(403, 409),
)
async def remove_organization_member(
    scope: OrgMemberScope, user_id: UserId, confirm: Confirm = False
) -> None:
    """Remove a member. With your own id, leave the organization."""
    await members.remove(scope, user=user_id, is_confirmed=confirm)


@router.get(f"{ORGANIZATION}/invitations", tags=["invitations"])
async def list_organization_invitations(
    scope: OrgAdminScope, pages: Pagination
) -> Page[PendingOrganizationInvitation]:
    """List the invitations that nobody has accepted, newest first."""
    return await invitations.list_pending(scope, pages)


@router.post(
    f"{ORGANIZATION}/invitations",
    tags=["invitations"],
    status_code=201,
    responses=problems(409, 429),
)
async def invite_to_organization(
    scope: OrgAdminScope, body: NewOrganizationInvitation, settings: CurrentSettings
) -> IssuedOrganizationInvitation:
    """Invite an address. The token is mailed to it, and returned only here.

    Admins invite members; owners invite anybody, also as another owner.
    """
    return await invitations.invite(
        scope, email=body.email, role=body.role, public_url=settings.public_url
    )


@router.delete(
    f"{ORGANIZATION}/invitations/{{invitationId}}",
    tags=["invitations"],
    status_code=204,
)
async def revoke_organization_invitation(scope: OrgAdminScope, invitation_id: InvitationId) -> None:
    """Revoke an invitation: its token stops working."""
    await invitations.revoke(scope, invitation=invitation_id)


@router.get(f"{ORGANIZATION}/audit-events", tags=["audit"])
async def list_organization_audit_events(
    scope: OrgAdminScope, pages: Pagination
) -> Page[audit.AuditEntry]:
    """List the events of the organization's audit trail, newest first."""
    return await audit.entries(pages, **scope.trail)
