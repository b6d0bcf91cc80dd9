"""Members of a project: listing them, setting their roles, returning to inheritance."""

from contextlib import AbstractAsyncContextManager

from prisma.enums import OrgRole, ProjectRole

from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import FIRST_UUID, is_uuid
from app.organizations import ORG_ROLES
from app.projects.errors import (
    confirmation_needed,
    owner_not_lowered,
    role_not_lower,
)
from app.projects.roles import (
    PROJECT_ROLES,
    ROLE_COLUMNS,
    MemberRoleView,
    RoleEffect,
    is_lower,
    read_roles,
)
from app.projects.schemas import ProjectMembership
from app.projects.scope import ProjectScope, ProjectTransaction, project_transaction
from app.tenancy.errors import member_not_found

# Raw, because Prisma cannot call project_roles(). Three branches find who may have access, and each
# reads one page by an index: owners and admins, all members if they inherit a role, and own roles.
LIST = f"""
    SELECT
        "person"."id", "person"."id" AS "userId",
        jsonb_build_object(
            'id', "person"."id", 'email', "person"."email", 'name', "person"."name"
        ) AS "user",
        {ROLE_COLUMNS}
    FROM (
        (
            SELECT "userId" FROM "OrganizationMember"
            WHERE "organizationId" = $1::uuid AND "userId" > $3::uuid AND "role" <> 'MEMBER'
            ORDER BY "userId" LIMIT $4
        ) UNION (
            SELECT "userId" FROM "OrganizationMember"
            WHERE "organizationId" = $1::uuid AND "userId" > $3::uuid AND (
                SELECT inherited_project_role('MEMBER', "memberBaseRole") IS NOT NULL
                FROM "Organization" WHERE "id" = $1::uuid
            )
            ORDER BY "userId" LIMIT $4
        ) UNION (
            SELECT "userId" FROM "ProjectMember"
            WHERE "organizationId" = $1::uuid AND "projectId" = $2::uuid AND "userId" > $3::uuid
                AND NOT "inheritedFromOrg"
            ORDER BY "userId" LIMIT $4
        )
        ORDER BY "userId" LIMIT $4
    ) AS "candidate"
    CROSS JOIN LATERAL (
        SELECT * FROM project_roles($1::uuid, $2::uuid) AS "roles"
        WHERE "roles"."userId" = "candidate"."userId" AND "roles"."role" IS NOT NULL OFFSET 0
    ) AS "resolved"
    CROSS JOIN LATERAL (
        SELECT * FROM "User" WHERE "id" = "candidate"."userId" OFFSET 0
    ) AS "person"
    ORDER BY "candidate"."userId" LIMIT $4
"""  # noqa: S608  # built of constants


async def list_members(scope: ProjectScope, pages: PageRequest) -> Page[ProjectMembership]:
    """Return the members who have access to the project, by user id."""
    list_ = f"members of {scope.id}"
    after = pages.after(list_) or FIRST_UUID
    rows = await prisma.query_raw(LIST, scope.organization_id, scope.id, after, pages.take + 1)
    return pages.page(list_, [ProjectMembership.model_validate(row) for row in rows])


async def read_role(scope: ProjectScope, *, user: str | None) -> MemberRoleView:
    """Return the role that applies to the caller or, for admins, to another member."""
    if user is None or user == scope.user.id:
        return MemberRoleView(userId=scope.user.id, **vars(scope.access))
    PROJECT_ROLES.require(scope.role, ProjectRole.ADMIN)
    roles = await read_roles(scope.organization_id, scope.id, user)
    if user not in roles:
        raise member_not_found(ORG_ROLES.noun)
    return roles[user]


async def set_role(
    scope: ProjectScope, *, user: str, role: ProjectRole, confirm: bool
) -> MemberRoleView:
    """Give a member of the organization a role of their own in the project."""
    async with role_transaction(scope, user=user, role=role) as transaction:
        return await replace_role(transaction, user=user, role=role, confirm=confirm)


async def reset_role(scope: ProjectScope, *, user: str, confirm: bool) -> MemberRoleView:
    """Let a member inherit their role again."""
    async with role_transaction(scope, user=user, role=None) as transaction:
        return await replace_role(transaction, user=user, role=None, confirm=confirm)


def role_transaction(
    scope: ProjectScope, *, user: str, role: ProjectRole | None
) -> AbstractAsyncContextManager[ProjectTransaction]:
    """Open the transaction of a change for admins; everybody may give up their own role."""
    is_given_up = role is None and user == scope.user.id
    min_role = ProjectRole.VIEWER if is_given_up else ProjectRole.ADMIN
    return project_transaction(scope, min_role=min_role)


async def replace_role(
    transaction: ProjectTransaction, *, user: str, role: ProjectRole | None, confirm: bool
) -> MemberRoleView:
    """Set a member's own role in the project, or take it back; return the role that now applies."""
    scope, tx = transaction.scope, transaction.tx
    caller = scope.user.id
    roles = (
        await read_roles(scope.organization_id, scope.id, caller, user, tx=tx)
        if is_uuid(user)
        else {}
    )
    if user not in roles:
        raise member_not_found(ORG_ROLES.noun)
    before = roles[user]
    _require_manageable(transaction, roles[caller], before, role)
    if not await _store(transaction, user, role):
        return before
    after = (await read_roles(scope.organization_id, scope.id, user, tx=tx))[user]
    if user == caller and not confirm and is_lower(after.role, before.role):
        raise confirmation_needed()
    return after


def _require_manageable(
    transaction: ProjectTransaction,
    caller: MemberRoleView,
    member: MemberRoleView,
    role: ProjectRole | None,
) -> None:
    """Raise 403 or 409 unless the caller may replace this role of a member."""
    if member.effect is RoleEffect.lowered:
        # Whoever was lowered, as by an admin, cannot undo that by giving up their own role.
        PROJECT_ROLES.require(transaction.role, ProjectRole.ADMIN)
    is_owner = member.organizationRole is OrgRole.OWNER
    if is_owner and role is not None and role is not ProjectRole.ADMIN:
        raise owner_not_lowered()
    if ORG_ROLES.is_below(caller.organizationRole, member.organizationRole):
        raise role_not_lower()


async def _store(transaction: ProjectTransaction, user: str, role: ProjectRole | None) -> bool:
    """Store a member's own role and record that; return False if it is the same as before."""
    scope, tx = transaction.scope, transaction.tx
    found = await tx.projectmember.find_unique(
        where={"projectId_userId": {"projectId": scope.id, "userId": user}}
    )
    before = found.role if found else None
    if role == before:
        return False
    is_inherited = role is None
    if found is None:
        await tx.projectmember.create(
            {
                **scope.where,
                "userId": user,
                "role": role,
                "inheritedFromOrg": is_inherited,
            }
        )
    elif not await tx.projectmember.update_many(
        where={"id": found.id}, data={"role": role, "inheritedFromOrg": is_inherited}
    ):
        raise member_not_found(ORG_ROLES.noun)
    if role is None:
        await transaction.record(
            "project_role.reset", subject=user, projectId=scope.id, before=before
        )
    else:
        await transaction.record(
            "project_role.set", subject=user, projectId=scope.id, before=before, role=role
        )
    return True
