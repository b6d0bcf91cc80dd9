"""Accepting an invitation: its token tells what it leads into."""

from prisma.enums import WorkspaceRole

from app import workspaces
from app.auth import Caller
from app.tenancy import invitations
from app.tenancy.errors import invitation_not_found
from app.workspaces import MyWorkspace, WorkspaceId


async def accept(caller: Caller, *, token: str) -> MyWorkspace:
    """Make the caller a member by an invitation to their confirmed address."""
    found = await invitations.find_by_token(caller, token)
    if found.workspaceId and found.role:
        return await workspaces.accept_invitation(
            caller, found, workspace=WorkspaceId(found.workspaceId), role=WorkspaceRole(found.role)
        )
    raise invitation_not_found()  # of a kind that a later release has added
