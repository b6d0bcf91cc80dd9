"""Who may manage whom in a workspace; docs/roles.md shows the same as a table.

A route names the minimum role of its caller. Members and invitations can only be managed by someone
with a higher role, who can only assign roles below their own.
"""

from prisma.enums import WorkspaceRole

from app.workspaces.errors import role_not_lower, role_too_low

_RANK = {WorkspaceRole.member: 0, WorkspaceRole.admin: 1, WorkspaceRole.owner: 2}


def require(role: WorkspaceRole, min_role: WorkspaceRole) -> None:
    """Raise 403 if a role is below the minimum."""
    if _RANK[role] < _RANK[min_role]:
        raise role_too_low(min_role.value)


def require_below(role: WorkspaceRole, *others: WorkspaceRole) -> None:
    """Raise 403 unless every other role is below `role`."""
    if any(_RANK[other] >= _RANK[role] for other in others):
        raise role_not_lower()
