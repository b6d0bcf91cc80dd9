"""Memberships: a user's role, and the conditions that limit queries to a workspace or a page."""

from datetime import datetime
from typing import TypedDict

from prisma import Prisma
from prisma.enums import WorkspaceRole
from prisma.types import WorkspaceMemberWhereInput

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


def joined_after(place: tuple[datetime, str] | None) -> WorkspaceMemberWhereInput:
    """Return the part of a `where` that starts a page after a place in the order of joining."""
    if place is None:
        return {}
    moment, id_ = place
    # The first condition is redundant; it lets PostgreSQL start in the middle of the index.
    return {"joinedAt": {"gte": moment}, "OR": [{"joinedAt": {"gt": moment}}, {"id": {"gt": id_}}]}
