"""Project roles: their order, their shape in responses, and how they are read.

The database function project_roles() alone resolves them; docs/roles.md states its rules.
"""

from enum import StrEnum

from prisma import Prisma
from prisma.enums import OrgRole, ProjectRole
from pydantic import BaseModel, Field

from app.db import prisma
from app.organizations import OrganizationId
from app.tenancy import RoleOrder

PROJECT_ROLES = RoleOrder(ProjectRole.ADMIN, ProjectRole.EDITOR, ProjectRole.VIEWER, noun="project")
# The columns of a ProjectRoleView, from a row of project_roles() with the name "resolved".
ROLE_COLUMNS = """
    "resolved"."role" AS "role", "resolved"."inheritedFromOrg", "resolved"."effect",
    "resolved"."organizationRole",
    jsonb_build_object('type', "resolved"."sourceType", 'id', "resolved"."sourceId") AS "source"
"""
READ = f"""
    SELECT "resolved"."userId", {ROLE_COLUMNS}
    FROM project_roles($1::uuid, $2::uuid) AS "resolved"
    WHERE "resolved"."userId" = ANY($3::uuid[])
"""  # noqa: S608  # built of constants


class RoleEffect(StrEnum):
    """How a role compares with the one that the organization implies."""

    inherited = "inherited"
    raised = "raised"
    lowered = "lowered"


class SourceType(StrEnum):
    organization = "organization"
    project = "project"


class RoleSource(BaseModel):
    """What a role comes from: the role in the organization, or an own role in the project."""

    type: SourceType
    id: str


class ProjectRoleView(BaseModel):
    """A member's role in a project. Every response that carries one has these fields."""

    role: ProjectRole | None = Field(description="Null means no access.")
    inheritedFromOrg: bool
    effect: RoleEffect
    organizationRole: OrgRole
    source: RoleSource


class MemberRoleView(ProjectRoleView):
    """The role in a project of one member of the organization."""

    userId: str


async def read_roles(
    organization: OrganizationId, project: str, *users: str, tx: Prisma = prisma
) -> dict[str, MemberRoleView]:
    """Return the roles in a project of those users who are members of its organization."""
    rows = await tx.query_raw(READ, organization, project, list(users))
    return {row["userId"]: MemberRoleView.model_validate(row) for row in rows}


def is_lower(role: ProjectRole | None, other: ProjectRole | None) -> bool:
    """Return whether a role allows less than another one; None allows nothing."""
    if role is None or other is None:
        return role is None and other is not None
    return PROJECT_ROLES.is_below(role, other)
