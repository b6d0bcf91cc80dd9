"""How a workspace is changed: in one transaction, after what was changed before, with its event."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prisma import Prisma
from prisma.enums import WorkspaceRole

from app import audit
from app.db import prisma
from app.workspaces.errors import workspace_not_found
from app.workspaces.membership import lock_workspace, role_in
from app.workspaces.rights import require
from app.workspaces.scope import WorkspaceScope


@dataclass(frozen=True, slots=True)
class WorkspaceTransaction:
    """A change of a workspace that is under way."""

    tx: Prisma
    scope: WorkspaceScope
    # Of who makes the change. The scope's may be one that they had a moment ago.
    role: WorkspaceRole

    async def record(self, action: str, *, subject: str, **details: object) -> None:
        await audit.record(
            self.tx,
            action,
            actor=self.scope.user.id,
            workspace=self.scope.id,
            subject=subject,
            details=details,
        )


@asynccontextmanager
async def workspace_transaction(
    scope: WorkspaceScope, *, min_role: WorkspaceRole
) -> AsyncGenerator[WorkspaceTransaction]:
    """Open a transaction that locks the workspace; require the caller to still hold `min_role`."""
    async with prisma.tx() as tx:
        await lock_workspace(tx, scope.id)
        role = await role_in(scope.id, scope.user.id, tx=tx)
        if role is None:
            raise workspace_not_found()
        require(role, min_role)
        yield WorkspaceTransaction(tx, scope, role)
