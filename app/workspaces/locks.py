"""Row locks of a workspace and its members; app/tenancy/locks.py gives the order of all locks."""

from prisma import Prisma

from app.tenancy import lock_user
from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId


async def lock_workspace(tx: Prisma, workspace: WorkspaceId) -> None:
    """Lock a workspace until the transaction ends; raise 404 if there is none.

    Every change of a workspace or its members starts with this lock, so that they happen one after
    the other. Requires the workspace's scope.
    """
    # Prisma has no row locks. This mode allows rows that refer to the workspace to be inserted.
    if not await tx.query_raw(
        'SELECT id FROM "Workspace" WHERE id = $1 FOR NO KEY UPDATE', workspace
    ):
        raise workspace_not_found()


async def lock_membership(tx: Prisma, workspace: WorkspaceId, user: str) -> bool:
    """Keep a membership from ending until the transaction ends; return False if there is none.

    Requires the workspace's scope.
    """
    if not await lock_user(tx, user):
        return False
    # Prisma has no row locks.
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
