"""The transaction in which a workspace is changed."""

from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from prisma.enums import WorkspaceRole

from app.tenancy import TenancyTransaction, open_transaction
from app.workspaces.scope import WorkspaceScope

WorkspaceTransaction: TypeAlias = TenancyTransaction[WorkspaceScope, WorkspaceRole]


def workspace_transaction(
    scope: WorkspaceScope, *, min_role: WorkspaceRole, lock_user: str | None = None
) -> AbstractAsyncContextManager[WorkspaceTransaction]:
    """Open a transaction that locks the workspace; require the caller to still hold `min_role`.

    `lock_user` is the user who joins the workspace or becomes its owner: their row is locked first.
    """
    return open_transaction(scope, min_role=min_role, lock_user=lock_user)
