"""The roles of a workspace in their order."""

from prisma.enums import WorkspaceRole

from app.tenancy import RoleOrder

WORKSPACE_ROLES = RoleOrder(
    WorkspaceRole.owner, WorkspaceRole.admin, WorkspaceRole.member, noun="workspace"
)
