"""Who is a member of which workspace, and how a query is kept to one."""

from typing import TypedDict

from prisma.enums import WorkspaceRole

from app.db import prisma
from app.workspaces.ids import WorkspaceId


class InWorkspace(TypedDict):
    """The part of a `where` that keeps a query to one workspace."""

    workspaceId: str


def in_workspace(workspace: WorkspaceId) -> InWorkspace:
    """Scope a query to a workspace: `where={**in_workspace(scope.id), ...}`."""
    return {"workspaceId": workspace}


async def role_in(workspace: WorkspaceId, user: str) -> WorkspaceRole | None:
    """The role of a user in a workspace; None if they are no member, or not to be seen."""
    member = await prisma.workspacemember.find_unique(
        where={"workspaceId_userId": {"workspaceId": workspace, "userId": user}}
    )
    return WorkspaceRole(member.role) if member else None
