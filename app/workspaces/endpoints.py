"""HTTP routes of workspaces, their members, invitations, transfers and audit trails."""

from typing import Annotated

from fastapi import Body
from prisma.partials import PendingInvitation, PendingTransfer

from app import audit
from app.auth import CurrentCaller
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.http.requests import CurrentSettings, InvitationId, UserId
from app.workspaces import invitations, members, rules, transfers
from app.workspaces.schemas import (
    IssuedInvitation,
    Membership,
    MyWorkspace,
    NewInvitation,
    NewMember,
    NewOwner,
    NewRole,
    NewWorkspace,
    WorkspaceChange,
)
from app.workspaces.scope import AdminScope, MemberScope, OwnerScope

router = domain_router()
WORKSPACE = "/workspaces/{workspaceId}"


# First, because routes are tried in order and this one is requested most.
@router.get(WORKSPACE, tags=["workspaces"])
async def read_workspace(scope: MemberScope) -> MyWorkspace:
    """Return a workspace."""
    return rules.workspace_view(scope.workspace, scope.role)


@router.post("/workspaces", tags=["workspaces"], status_code=201, responses=problems(409))
async def create_workspace(
    caller: CurrentCaller, body: NewWorkspace, settings: CurrentSettings
) -> MyWorkspace:
    """Create a workspace that you own."""
    return await rules.create(
        caller,
        name=body.name,
        description=body.description,
        limit=settings.workspaces_per_owner,
    )


@router.get("/workspaces", tags=["workspaces"])
async def list_workspaces(caller: CurrentCaller, pages: Pagination) -> Page[MyWorkspace]:
    """List your workspaces, in the order in which you joined them."""
    return await rules.list_mine(caller, pages)


@router.patch(WORKSPACE, tags=["workspaces"])
async def change_workspace(
    scope: AdminScope, body: Annotated[WorkspaceChange, Body()]
) -> MyWorkspace:
    """Change the name, the description or, as the owner, whether support staff may impersonate.

    Omitted fields stay unchanged.
    """
    return await rules.change(scope, body)


@router.delete(WORKSPACE, tags=["workspaces"], status_code=204)
async def delete_workspace(scope: OwnerScope) -> None:
    """Delete the workspace with everything in it."""
    await rules.delete(scope)


@router.post(
    f"{WORKSPACE}/transfer", tags=["transfers"], status_code=201, responses=problems(409, 429)
)
async def offer_transfer(
    scope: OwnerScope, body: NewOwner, settings: CurrentSettings
) -> PendingTransfer:
    """Offer the ownership to a member, who is told by mail. Nothing changes until they accept."""
    return await transfers.offer(scope, user=str(body.userId), public_url=settings.public_url)


@router.get(f"{WORKSPACE}/transfer", tags=["transfers"])
async def read_transfer(scope: MemberScope) -> PendingTransfer:
    """Return the pending transfer, if you are the owner or the member who may accept it."""
    return await transfers.read(scope)


@router.delete(f"{WORKSPACE}/transfer", tags=["transfers"], status_code=204)
async def cancel_transfer(scope: OwnerScope) -> None:
    """Withdraw the offer."""
    await transfers.cancel(scope)


@router.post(f"{WORKSPACE}/transfer/accept", tags=["transfers"], responses=problems(409))
async def accept_transfer(scope: MemberScope, settings: CurrentSettings) -> MyWorkspace:
    """Become the owner; the former owner stays as an admin."""
    return await transfers.accept(scope, limit=settings.workspaces_per_owner)


@router.post(f"{WORKSPACE}/transfer/decline", tags=["transfers"], status_code=204)
async def decline_transfer(scope: MemberScope) -> None:
    """Refuse the ownership that you were offered."""
    await transfers.decline(scope)


@router.get("/me/transfers", tags=["transfers"])
async def list_transfers(caller: CurrentCaller, pages: Pagination) -> Page[PendingTransfer]:
    """List the workspaces whose ownership you were offered, newest first."""
    return await transfers.list_mine(caller, pages)


@router.get(f"{WORKSPACE}/members", tags=["members"])
async def list_members(scope: MemberScope, pages: Pagination) -> Page[Membership]:
    """List the members, in the order of joining."""
    return await members.list_members(scope, pages)


@router.post(
    f"{WORKSPACE}/members",
    tags=["members"],
    status_code=201,
    responses=problems(409),
)
async def add_member(scope: AdminScope, body: NewMember) -> Membership:
    """Add a user with whom you already share a workspace. Invite anybody else."""
    return await members.add(scope, user=str(body.userId), role=body.role.role)


@router.patch(
    f"{WORKSPACE}/members/{{userId}}",
    tags=["members"],
)
async def change_member(scope: AdminScope, user_id: UserId, body: NewRole) -> Membership:
    """Change the role of a member."""
    return await members.change_role(scope, user=user_id, role=body.role.role)


@router.delete(
    f"{WORKSPACE}/members/{{userId}}",
    tags=["members"],
    status_code=204,
    responses=problems(403, 409),
)
async def remove_member(scope: MemberScope, user_id: UserId) -> None:
    """Remove a member. With your own id, leave the workspace."""
    await members.remove(scope, user=user_id)


@router.get(f"{WORKSPACE}/invitations", tags=["invitations"])
async def list_invitations(scope: AdminScope, pages: Pagination) -> Page[PendingInvitation]:
    """List the invitations that nobody has accepted, newest first."""
    return await invitations.list_pending(scope, pages)


@router.post(
    f"{WORKSPACE}/invitations",
    tags=["invitations"],
    status_code=201,
    responses=problems(409, 429),
)
async def invite(
    scope: AdminScope, body: NewInvitation, settings: CurrentSettings
) -> IssuedInvitation:
    """Invite an address. The token is mailed to it, and returned only here."""
    return await invitations.invite(
        scope, email=body.email, role=body.role.role, public_url=settings.public_url
    )


@router.delete(
    f"{WORKSPACE}/invitations/{{invitationId}}",
    tags=["invitations"],
    status_code=204,
)
async def revoke_invitation(scope: AdminScope, invitation_id: InvitationId) -> None:
    """Revoke an invitation: its token stops working."""
    await invitations.revoke(scope, invitation=invitation_id)


@router.get(f"{WORKSPACE}/audit-events", tags=["audit"])
async def list_audit_events(scope: AdminScope, pages: Pagination) -> Page[audit.AuditEntry]:
    """List the events of the workspace's audit trail, newest first."""
    return await audit.entries(pages, **scope.trail)
