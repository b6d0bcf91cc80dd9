"""Who may do what to whom in a workspace; docs/roles.md is the same as a table.

A route names the least role that it needs. To people and invitations one rule applies: one acts on
roles below one's own, and gives roles below one's own.
"""

from prisma.enums import WorkspaceRole

from app.workspaces.errors import role_not_lower, role_too_low

_RANK = {WorkspaceRole.member: 0, WorkspaceRole.admin: 1, WorkspaceRole.owner: 2}


def require(role: WorkspaceRole, min_role: WorkspaceRole) -> None:
    if _RANK[role] < _RANK[min_role]:
        raise role_too_low(min_role.value)


def require_below(role: WorkspaceRole, *others: WorkspaceRole) -> None:
    """That each of the other roles is below `role`."""
    if any(_RANK[other] >= _RANK[role] for other in others):
        raise role_not_lower()
