"""Memberships: a user's role, and the condition that limits queries to a workspace."""

from typing import TypedDict

from prisma import Prisma
from prisma.enums import WorkspaceRole

from app.db import prisma
from app.workspaces.ids import WorkspaceId


class InWorkspace(TypedDict):
    """The part of a `where` that limits a query to one workspace."""

    workspaceId: str


def in_workspace(workspace: WorkspaceId) -> InWorkspace:
    """Limit a query to a workspace: `where={**in_workspace(scope.id), ...}`."""
    return {"workspaceId": workspace}


async def role_in(
    workspace: WorkspaceId, user: str, *, tx: Prisma = prisma
) -> WorkspaceRole | None:
    """Return a user's role in a workspace, or None if the scope shows no such membership."""
    member = await tx.workspacemember.find_unique(
        where={"workspaceId_userId": {"workspaceId": workspace, "userId": user}}
    )
    return WorkspaceRole(member.role) if member else None
