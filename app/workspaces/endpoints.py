"""HTTP: workspaces, their members, invitations and trail."""

from typing import Annotated

from fastapi import Body, Path
from prisma.partials import PendingInvitation

from app import audit
from app.auth import CurrentCaller
from app.kit.description import domain_router
from app.kit.pages import Page, Pagination
from app.kit.requests import CurrentSettings
from app.problems import problems
from app.workspaces import invitations, members, rules
from app.workspaces.schemas import (
    Acceptance,
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

UserId = Annotated[str, Path(alias="userId", description="A UUID.")]
InvitationId = Annotated[str, Path(alias="invitationId", description="A UUID.")]


# First, since it is asked for most: one route is tried after the other.
@router.get(WORKSPACE, tags=["workspaces"])
async def read_workspace(scope: MemberScope) -> MyWorkspace:
    return rules.workspace_view(scope.workspace, scope.role)


@router.post("/workspaces", tags=["workspaces"], status_code=201, responses=problems(409))
async def create_workspace(
    caller: CurrentCaller, body: NewWorkspace, settings: CurrentSettings
) -> MyWorkspace:
    """Make a workspace of one's own."""
    return await rules.create(
        caller,
        name=body.name,
        description=body.description,
        most=settings.workspaces_per_owner,
    )


@router.get("/workspaces", tags=["workspaces"])
async def list_workspaces(caller: CurrentCaller, pages: Pagination) -> Page[MyWorkspace]:
    """The workspaces that one is a member of, in the order of joining."""
    return await rules.list_mine(caller, pages)


@router.patch(WORKSPACE, tags=["workspaces"])
async def change_workspace(
    scope: AdminScope, body: Annotated[WorkspaceChange, Body()]
) -> MyWorkspace:
    """Rename or describe it; what is not named stays as it is."""
    return await rules.change(scope, body)


@router.delete(WORKSPACE, tags=["workspaces"], status_code=204)
async def delete_workspace(scope: OwnerScope) -> None:
    """Delete it with all that is in it."""
    await rules.delete(scope)


@router.post(
    f"{WORKSPACE}/transfer",
    tags=["workspaces"],
    responses=problems(409),
)
async def transfer_workspace(
    scope: OwnerScope, body: NewOwner, settings: CurrentSettings
) -> MyWorkspace:
    """Make another member the owner, and oneself an admin."""
    return await rules.transfer(scope, user=str(body.userId), most=settings.workspaces_per_owner)


@router.get(f"{WORKSPACE}/members", tags=["members"])
async def list_members(scope: MemberScope, pages: Pagination) -> Page[Membership]:
    """The members, in the order of joining."""
    return await members.list_members(scope, pages)


@router.post(
    f"{WORKSPACE}/members",
    tags=["members"],
    status_code=201,
    responses=problems(409),
)
async def add_member(scope: AdminScope, body: NewMember) -> Membership:
    """Add somebody with whom one already shares a workspace; others are invited."""
    return await members.add(scope, user=str(body.userId), role=body.role.role)


@router.patch(
    f"{WORKSPACE}/members/{{userId}}",
    tags=["members"],
)
async def change_member(scope: AdminScope, user_id: UserId, body: NewRole) -> Membership:
    """Give a member another role."""
    return await members.change_role(scope, user=user_id, role=body.role.role)


@router.delete(
    f"{WORKSPACE}/members/{{userId}}",
    tags=["members"],
    status_code=204,
    responses=problems(403, 409),
)
async def remove_member(scope: MemberScope, user_id: UserId) -> None:
    """Remove a member; with one's own id, leave."""
    await members.remove(scope, user=user_id)


@router.get(f"{WORKSPACE}/invitations", tags=["invitations"])
async def list_invitations(scope: AdminScope, pages: Pagination) -> Page[PendingInvitation]:
    """The invitations that nobody has accepted, the newest first."""
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
    """Invite an address; the token goes there by mail, and is shown here this once."""
    return await invitations.invite(
        scope, email=body.email, role=body.role.role, public_url=settings.public_url
    )


@router.delete(
    f"{WORKSPACE}/invitations/{{invitationId}}",
    tags=["invitations"],
    status_code=204,
)
async def revoke_invitation(scope: AdminScope, invitation_id: InvitationId) -> None:
    """Its token is good for nothing from then on."""
    await invitations.revoke(scope, invitation=invitation_id)


@router.post(
    "/invitations/accept",
    tags=["invitations"],
    responses=problems(403, 404, 409, 410),
)
async def accept_invitation(caller: CurrentCaller, body: Acceptance) -> MyWorkspace:
    """Become a member, by an invitation to one's own, confirmed address."""
    return await invitations.accept(caller, token=body.token)


@router.get(f"{WORKSPACE}/audit-events", tags=["audit"])
async def list_audit_events(scope: AdminScope, pages: Pagination) -> Page[audit.AuditEntry]:
    """Who did what in the workspace, the newest first."""
    return await audit.entries(scope.id, pages)
