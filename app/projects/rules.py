"""Projects: creating, listing, changing and deleting them."""

from prisma.actions import ProjectActions
from prisma.enums import OrgRole, ProjectRole
from prisma.models import Project
from prisma.partials import ProjectView
from prisma.types import ProjectUpdateInput

from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import LAST_UUID
from app.organizations import OrganizationScope, in_organization, organization_transaction
from app.projects.errors import project_not_found
from app.projects.roles import ROLE_COLUMNS, ProjectRoleView, read_roles
from app.projects.schemas import MyProject, ProjectChange
from app.projects.scope import ProjectScope, project_transaction

# Raw, because Prisma cannot call project_roles(). Whoever inherits a role sees every project; all
# others see those in which they have a role of their own, however many projects there are. Each
# branch reads one page by an index.
LIST_MINE = f"""
    WITH "me" AS (
        SELECT inherited_project_role("member"."role", "memberBaseRole") IS NOT NULL AS "inherits"
        FROM "OrganizationMember" AS "member"
        JOIN "Organization" ON "Organization"."id" = "member"."organizationId"
        WHERE "member"."organizationId" = $1::uuid AND "member"."userId" = $2::uuid
    )
    SELECT "found".*, {ROLE_COLUMNS}
    FROM (
        (
            SELECT "Project".* FROM "Project"
            WHERE "organizationId" = $1::uuid AND "id" < $3::uuid
                AND (SELECT "inherits" FROM "me")
            ORDER BY "id" DESC LIMIT $4
        ) UNION ALL (
            SELECT "Project".*
            FROM "ProjectMember" AS "own" JOIN "Project" ON "Project"."id" = "own"."projectId"
            WHERE "own"."organizationId" = $1::uuid AND "own"."userId" = $2::uuid
                AND "own"."projectId" < $3::uuid AND NOT "own"."inheritedFromOrg"
                AND NOT (SELECT "inherits" FROM "me")
            ORDER BY "own"."projectId" DESC LIMIT $4
        )
    ) AS "found"
    CROSS JOIN LATERAL (
        SELECT * FROM project_roles($1::uuid, "found"."id") AS "roles"
        WHERE "roles"."userId" = $2::uuid AND "roles"."role" IS NOT NULL OFFSET 0
    ) AS "resolved"
    ORDER BY "found"."id" DESC LIMIT $4
"""  # noqa: S608  # built of constants


def project_view(project: Project | ProjectView, access: ProjectRoleView) -> MyProject:
    """Return a project as a member with this role sees it."""
    return MyProject.model_validate({**vars(project), **vars(access)}, from_attributes=True)


async def create(scope: OrganizationScope, *, name: str, description: str | None) -> MyProject:
    """Create a project, in which every member has the role that their organization role implies."""
    async with organization_transaction(scope, min_role=OrgRole.ADMIN) as transaction:
        project = await transaction.tx.project.create(
            {
                **in_organization(scope.id),
                "name": name,
                "description": description,
                "createdById": scope.user.id,
            }
        )
        await transaction.record("project.created", subject=project.id, name=name)
        roles = await read_roles(scope.id, project.id, scope.user.id, tx=transaction.tx)
    return project_view(project, roles[scope.user.id])


async def list_mine(scope: OrganizationScope, pages: PageRequest) -> Page[MyProject]:
    """Return the projects in which the caller has a role, newest first."""
    list_ = f"projects of {scope.id}"
    after = pages.after(list_) or LAST_UUID
    rows = await prisma.query_raw(LIST_MINE, scope.id, scope.user.id, after, pages.take + 1)
    return pages.page(list_, [MyProject.model_validate(row) for row in rows])


async def change(scope: ProjectScope, changed: ProjectChange) -> MyProject:
    """Rename or describe a project."""
    async with project_transaction(scope, min_role=ProjectRole.EDITOR) as transaction:
        project = await ProjectActions(transaction.tx, ProjectView).update(
            where={"id": scope.id}, data=ProjectUpdateInput(**changed)
        )
        if project is None:
            raise project_not_found()
        if changed:
            await transaction.record("project.changed", subject=scope.id, **changed)
        roles = await read_roles(scope.organization_id, scope.id, scope.user.id, tx=transaction.tx)
    return project_view(project, roles[scope.user.id])


async def delete(scope: ProjectScope) -> None:
    """Delete a project with everything in it, except its events in the audit trail."""
    async with project_transaction(scope, min_role=ProjectRole.ADMIN) as transaction:
        await transaction.record("project.deleted", subject=scope.id, name=scope.project.name)
        if not await transaction.tx.project.delete_many(
            where={**in_organization(scope.organization_id), "id": scope.id}
        ):
            raise project_not_found()
