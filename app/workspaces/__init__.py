"""Workspaces and their members: the helpers that others build on."""

from app.workspaces.changes import Change, changing
from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId, is_workspace_id, new_workspace_id
from app.workspaces.membership import hold_membership, in_workspace, role_in
from app.workspaces.rules import end_memberships
from app.workspaces.scope import AdminScope, MemberScope, OwnerScope, WorkspaceScope

TABLES = ("Workspace", "WorkspaceMember", "Invitation")

__all__ = [
    "TABLES",
    "AdminScope",
    "Change",
    "MemberScope",
    "OwnerScope",
    "WorkspaceId",
    "WorkspaceScope",
    "changing",
    "end_memberships",
    "hold_membership",
    "in_workspace",
    "is_workspace_id",
    "new_workspace_id",
    "role_in",
    "workspace_not_found",
]
