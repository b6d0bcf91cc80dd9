"""Workspaces and their members: the helpers that others build on."""

from app.tenancy import record_event
from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId, is_workspace_id, new_workspace_id
from app.workspaces.invitations import accept as accept_invitation
from app.workspaces.locks import lock_membership
from app.workspaces.membership import in_workspace, role_in
from app.workspaces.schemas import MyWorkspace
from app.workspaces.scope import AdminScope, MemberScope, OwnerScope, WorkspaceScope
from app.workspaces.transactions import WorkspaceTransaction, workspace_transaction

__all__ = [
    "AdminScope",
    "MemberScope",
    "MyWorkspace",
    "OwnerScope",
    "WorkspaceId",
    "WorkspaceScope",
    "WorkspaceTransaction",
    "accept_invitation",
    "in_workspace",
    "is_workspace_id",
    "lock_membership",
    "new_workspace_id",
    "record_event",
    "role_in",
    "workspace_not_found",
    "workspace_transaction",
]
