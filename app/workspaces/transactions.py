"""The transaction in which a workspace is changed: locked, with the caller's role read anew."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from prisma import Prisma
from prisma.enums import WorkspaceRole

from app import audit
from app.db import prisma
from app.workspaces import locks
from app.workspaces.errors import workspace_not_found
from app.workspaces.membership import role_in
from app.workspaces.rights import require
from app.workspaces.scope import WorkspaceScope


@dataclass(frozen=True, slots=True)
class WorkspaceTransaction:
    """An open transaction that holds the lock on a workspace."""

    tx: Prisma
    scope: WorkspaceScope
    # The caller's current role. The role in `scope` was read before the lock and may be outdated.
    role: WorkspaceRole
    # Whether the user passed as `lock_user` exists and is the caller or a colleague.
    is_user_locked: bool

    async def record(self, action: str, *, subject: str, **details: Any) -> None:
        """Write an event by the caller to the workspace's audit trail."""
        await record_event(self.tx, self.scope, action, subject=subject, **details)


async def record_event(
    tx: Prisma, scope: WorkspaceScope, action: str, *, subject: str, **details: Any
) -> None:
    """Write an event by the scope's caller to the workspace's audit trail."""
    await audit.record(
        tx, action, actor=scope.user.id, workspace=scope.id, subject=subject, **details
    )


@asynccontextmanager
async def workspace_transaction(
    scope: WorkspaceScope, *, min_role: WorkspaceRole, lock_user: str | None = None
) -> AsyncGenerator[WorkspaceTransaction]:
    """Open a transaction that locks the workspace; require the caller to still hold `min_role`.

    `lock_user` is the user who joins the workspace or becomes its owner: their row is locked first.
    """
    async with prisma.tx() as tx:
        is_user_locked = lock_user is not None and await locks.lock_user(tx, lock_user)
        await locks.lock_workspace(tx, scope.id)
        role = await role_in(scope.id, scope.user.id, tx=tx)
        if role is None:
            raise workspace_not_found()
        require(role, min_role)
        yield WorkspaceTransaction(tx, scope, role, is_user_locked)
