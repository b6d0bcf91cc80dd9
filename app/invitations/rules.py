"""Accepting an invitation: its token tells what it leads into."""

from prisma.enums import OrgRole, WorkspaceRole

from app import organizations, workspaces
from app.auth import Caller
from app.organizations import MyOrganization, OrganizationId
from app.tenancy import invitations
from app.tenancy.errors import invitation_not_found
from app.workspaces import MyWorkspace, WorkspaceId


async def accept(
    caller: Caller, *, token: str, organizations_per_owner: int
) -> MyWorkspace | MyOrganization:
    """Make the caller a member by an invitation to their confirmed address."""
    found = await invitations.find_by_token(caller, token)
    if found.workspaceId:
        return await workspaces.accept_invitation(
            caller,
            found,
            workspace=WorkspaceId(found.workspaceId),
            role=WorkspaceRole(found.role),
        )
    if found.organizationId:
        return await organizations.accept_invitation(
            caller,
            found,
            organization=OrganizationId(found.organizationId),
            role=OrgRole(found.organizationRole),
            limit=organizations_per_owner,
        )
    raise invitation_not_found()  # of a kind that a later release has added
