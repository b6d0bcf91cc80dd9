"""Invitations to a workspace: who may invite whom, and becoming a member by an invitation."""

from prisma.actions import InvitationActions
from prisma.enums import WorkspaceRole
from prisma.errors import UniqueViolationError
from prisma.models import Invitation
from prisma.partials import PendingInvitation

from app import mail
from app.auth import Caller
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.tenancy import invitations
from app.tenancy.errors import already_member
from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId
from app.workspaces.locks import lock_workspace
from app.workspaces.membership import in_workspace
from app.workspaces.rights import WORKSPACE_ROLES
from app.workspaces.rules import workspace_view
from app.workspaces.schemas import IssuedInvitation, MyWorkspace
from app.workspaces.scope import WorkspaceScope
from app.workspaces.transactions import workspace_transaction

_pending = InvitationActions(prisma, PendingInvitation)


async def invite(
    scope: WorkspaceScope, *, email: str, role: WorkspaceRole, public_url: str
) -> IssuedInvitation:
    """Invite an address; an expired invitation is replaced."""
    await invitations.count_mails(scope.user.id, email)
    async with workspace_transaction(scope, min_role=WorkspaceRole.admin) as transaction:
        WORKSPACE_ROLES.require_below(transaction.role, role)
        if await transaction.tx.workspacemember.count(
            where={**in_workspace(scope.id), "user": {"is": {"email": email}}}
        ):
            raise already_member(WORKSPACE_ROLES.noun)
        invitation, token = await invitations.create(
            transaction,
            {**in_workspace(scope.id)},
            {"role": role},
            email=email,
            public_url=public_url,
        )
    mail.wake_sender()
    return IssuedInvitation.model_validate({**vars(invitation), "token": token})


async def list_pending(scope: WorkspaceScope, pages: PageRequest) -> Page[PendingInvitation]:
    """Return the invitations that nobody has accepted, newest first."""
    return await invitations.list_pending(
        _pending, {**in_workspace(scope.id)}, pages, list_=f"invitations of {scope.id}"
    )


async def revoke(scope: WorkspaceScope, *, invitation: str) -> None:
    """Delete an invitation, which invalidates its token."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.admin) as transaction:
        found = await invitations.find_pending(
            transaction.tx, {**in_workspace(scope.id)}, id_=invitation
        )
        WORKSPACE_ROLES.require_below(transaction.role, WorkspaceRole(found.role))
        await invitations.revoke(transaction, found)


async def accept(
    caller: Caller, invitation: Invitation, *, workspace: WorkspaceId, role: WorkspaceRole
) -> MyWorkspace:
    """Make the caller a member of the workspace by an invitation that they may accept."""
    async with invitations.accepting(
        caller,
        invitation,
        {"workspace": workspace},
        lock=lambda tx: lock_workspace(tx, workspace),
    ) as tx:
        try:
            member = await tx.workspacemember.create(
                {**in_workspace(workspace), "userId": caller.user.id, "role": role},
                include={"workspace": True},
            )
        except UniqueViolationError:
            raise already_member(WORKSPACE_ROLES.noun) from None
    if member.workspace is None:
        raise workspace_not_found()
    return workspace_view(member.workspace, member.role)
