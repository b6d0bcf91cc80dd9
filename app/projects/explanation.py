"""Explanations of a role, now or in the past: the rules that lead to one, and which wins."""

from datetime import datetime

from prisma.enums import OrgRole, ProjectRole

from app.db import prisma
from app.projects.history import Facts, facts_at
from app.projects.roles import PROJECT_ROLES, RoleSource, SourceType
from app.projects.schemas import RoleExplanation, RolePath, RoleRule
from app.projects.scope import ProjectScope

# Raw, because Prisma cannot call functions. It applies the rules to facts of any time.
_RESOLVE = """
    SELECT * FROM resolve_project_role($1::"OrgRole", $2::"ProjectRole", $3::"ProjectRole")
"""
_REASONS = {
    RoleRule.own_role: "They have a role of their own in this project.",
    RoleRule.owner_rule: "An owner of the organization is an admin of every project: no role of "
    "their own lowers that.",
}


async def explain(
    scope: ProjectScope, *, user: str | None, at: datetime | None, audit_days: int | None
) -> RoleExplanation:
    """Explain the role of the caller or, for admins, of somebody who is or was a member."""
    user = user or scope.user.id
    if user != scope.user.id:
        PROJECT_ROLES.require(scope.role, ProjectRole.ADMIN)
    facts = await facts_at(scope, user, at, audit_days=audit_days)
    resolved = await prisma.query_first(
        _RESOLVE, facts.organization_role, facts.base_role, facts.own_role
    )
    inherited = resolved.pop("inheritedRole")
    paths = _paths(scope, facts, inherited, is_inherited=resolved["inheritedFromOrg"])
    winner = next(path for path in paths if path.wins)
    return RoleExplanation(
        userId=user,
        at=at,
        organizationRole=facts.organization_role,
        source=winner.source,
        paths=paths,
        **resolved,
    )


def _paths(
    scope: ProjectScope, facts: Facts, inherited: ProjectRole | None, *, is_inherited: bool
) -> list[RolePath]:
    """Return every rule that leads to a role; what the database resolved says which wins."""
    organization = RoleSource(type=SourceType.organization, id=scope.organization_id)
    project = RoleSource(type=SourceType.project, id=scope.id)
    if not is_inherited:
        winner, overridden = RoleRule.own_role, RoleRule.organization_role
    elif facts.own_role is not None:
        winner, overridden = RoleRule.owner_rule, RoleRule.own_role
    else:
        winner, overridden = RoleRule.organization_role, None

    def path(rule: RoleRule, role: ProjectRole | None, source: RoleSource, reason: str) -> RolePath:
        wins = rule is winner
        overrides = [overridden] if wins and overridden else []
        return RolePath(
            rule=rule, role=role, source=source, reason=reason, wins=wins, overrides=overrides
        )

    found = [path(RoleRule.organization_role, inherited, organization, _inheritance(facts))]
    if facts.own_role is not None:
        reason = _REASONS[RoleRule.own_role]
        found.append(path(RoleRule.own_role, facts.own_role, project, reason))
    if facts.organization_role is OrgRole.OWNER:
        reason = _REASONS[RoleRule.owner_rule]
        found.append(path(RoleRule.owner_rule, inherited, organization, reason))
    return found


def _inheritance(facts: Facts) -> str:
    """Say which line of the table of inherited roles applies."""
    if facts.organization_role is not OrgRole.MEMBER:
        return "Owners and admins of the organization are admins of every project."
    if facts.base_role is None:
        return "The organization gives its members no access to projects."
    return f"The organization gives its members the role {facts.base_role.value} in every project."
