"""Who is a member of which workspace, and how a query is kept to one."""

from datetime import datetime
from typing import TypedDict

from prisma import Prisma
from prisma.enums import WorkspaceRole
from prisma.types import WorkspaceMemberWhereInput

from app.db import prisma
from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId


class InWorkspace(TypedDict):
    """The part of a `where` that keeps a query to one workspace."""

    workspaceId: str


def in_workspace(workspace: WorkspaceId) -> InWorkspace:
    """Scope a query to a workspace: `where={**in_workspace(scope.id), ...}`."""
    return {"workspaceId": workspace}


async def role_in(
    workspace: WorkspaceId, user: str, *, tx: Prisma = prisma
) -> WorkspaceRole | None:
    """The role of a user in a workspace; None if they are no member, or not to be seen."""
    member = await tx.workspacemember.find_unique(
        where={"workspaceId_userId": {"workspaceId": workspace, "userId": user}}
    )
    return WorkspaceRole(member.role) if member else None


async def lock_workspace(tx: Prisma, workspace: WorkspaceId) -> None:
    """Let nobody else change who is what in a workspace until the transaction ends.

    Every such change begins with this, so that they come one after the other and cannot deadlock;
    in the workspace's scope.
    """
    # Prisma has no row locks. This one lets rows that refer to the workspace be written.
    if not await tx.query_raw(
        'SELECT id FROM "Workspace" WHERE id = $1 FOR NO KEY UPDATE', workspace
    ):
        raise workspace_not_found()


async def lock_membership(tx: Prisma, workspace: WorkspaceId, user: str) -> bool:
    """Let nobody end a membership until the transaction ends; whether there is one.

    In the workspace's scope.
    """
    # Prisma has no row locks. The workspace comes first, as it does in whatever changes it.
    return bool(
        await tx.query_raw(
            """
            SELECT "member".id
            FROM "Workspace" JOIN "WorkspaceMember" AS "member" ON "workspaceId" = "Workspace".id
            WHERE "Workspace".id = $1 AND "userId" = $2::uuid
            FOR KEY SHARE OF "Workspace" FOR KEY SHARE OF "member"
            """,
            workspace,
            user,
        )
    )


def joined_after(place: tuple[datetime, str] | None) -> WorkspaceMemberWhereInput:
    """The part of a `where` that begins after a place in the order of joining."""
    if place is None:
        return {}
    moment, id_ = place
    # The first of the two is for the index.
    return {"joinedAt": {"gte": moment}, "OR": [{"joinedAt": {"gt": moment}}, {"id": {"gt": id_}}]}
