"""Row locks, and the one order in which transactions take them, so that they cannot deadlock.

1. `User`: the one user who joins a workspace, becomes its owner or deletes their account.
2. `Workspace`; the deletion of an account locks several, in the order of their ids.
3. Rows that belong to the workspace: `WorkspaceMember`, `Invitation`, `WorkspaceTransfer`.
4. `Session`, which triggers update when a membership ends.

A transaction may skip steps, but never go back. Rows that refer to a user or a workspace may be
written at any step: foreign keys only conflict with deletions, which hold these locks as well.
"""

from prisma import Prisma

from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId


async def lock_user(tx: Prisma, user: str) -> bool:
    """Lock the row of the caller or of a colleague until the transaction ends.

    Meanwhile they join no other workspace, own no other workspace, and cannot delete their account.
    Return False if there is no such user any more.
    """
    found = await tx.query_first('SELECT lock_user($1::uuid) AS "found"', user)
    return bool(found["found"])


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
