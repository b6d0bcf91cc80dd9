"""Members of an organization: listing and removing them, changing their roles."""

from prisma import Prisma
from prisma.actions import OrganizationMemberActions
from prisma.enums import OrgRole, ProjectRole
from prisma.errors import RawQueryError
from prisma.models import OrganizationMember

from app.db import prisma
from app.http.pages import Page, PageRequest
from app.organizations.errors import confirmation_needed, last_owner
from app.organizations.membership import in_organization
from app.organizations.rights import ORG_ROLES
from app.organizations.schemas import OrganizationMembership
from app.organizations.scope import OrganizationScope
from app.organizations.transactions import OrganizationTransaction, organization_transaction
from app.tenancy import joined_after
from app.tenancy.errors import member_not_found

# One statement for any number of projects, which Prisma has not. An event for each own role of a
# member, or for each but those of admins.
_RECORD_RESETS = """
    INSERT INTO "AuditEvent" ("id", "organizationId", "actorId", "action", "subjectId", "details")
    SELECT
        new_uuid7(), "organizationId", $3::uuid, 'project_role.reset', "userId"::text,
        jsonb_build_object('projectId', "projectId", 'before', "role", 'reason', $4::text)
    FROM "ProjectMember"
    WHERE "organizationId" = $1::uuid AND "userId" = $2::uuid AND "role" IS NOT NULL
        AND ("role" <> 'ADMIN' OR NOT $5::boolean)
"""

_CHECK_VIOLATION = "23514"
_members = OrganizationMemberActions(prisma, OrganizationMembership)


async def list_members(
    scope: OrganizationScope, pages: PageRequest
) -> Page[OrganizationMembership]:
    """Return the members of an organization, in the order of joining."""
    list_ = f"members of {scope.id}"
    rows = await _members.find_many(
        where={**in_organization(scope.id), **joined_after(pages.after_moment(list_))},
        include={"user": True},
        order=[{"joinedAt": "asc"}, {"id": "asc"}],
        take=pages.take + 1,
    )
    return pages.page(list_, rows, moment=lambda member: member.joinedAt)


async def change_role(
    scope: OrganizationScope, *, user: str, role: OrgRole, is_confirmed: bool
) -> OrganizationMembership:
    """Give a member another role. Lowering your own needs to be confirmed."""
    async with organization_transaction(scope, min_role=OrgRole.ADMIN) as transaction:
        member = await replace_role(transaction, user=user, role=role, is_confirmed=is_confirmed)
    return OrganizationMembership.model_validate(member, from_attributes=True)


async def replace_role(
    transaction: OrganizationTransaction, *, user: str, role: OrgRole, is_confirmed: bool
) -> OrganizationMember:
    """Give a member another role, in a transaction of an admin, if the caller may do so."""
    before = await transaction.read_role(user)
    is_own = user == transaction.scope.user.id
    if not is_own:
        ORG_ROLES.require_below(transaction.role, before, role)
    member = await set_role(transaction, user=user, before=before, role=role)
    # Last, because nothing that the last owner confirms would help.
    if is_own and role != before and not is_confirmed:
        raise confirmation_needed()
    return member


async def set_role(
    transaction: OrganizationTransaction, *, user: str, before: OrgRole, role: OrgRole
) -> OrganizationMember:
    """Change a role in the database and in the trail.

    Raise 404 if there is no such member, and 409 if they are the last owner.
    """
    member = await transaction.tx.organizationmember.update(
        where={"organizationId_userId": {**in_organization(transaction.scope.id), "userId": user}},
        data={"role": role},
        include={"user": True},
    )
    if member is None:
        raise member_not_found(ORG_ROLES.noun)
    if before is OrgRole.OWNER:
        await _require_owner(transaction.tx)
    if role is OrgRole.OWNER and before is not OrgRole.OWNER:
        await _end_lower_roles(transaction, user)
    if role != before:
        await transaction.record("member.role_changed", subject=user, before=before, role=role)
    return member


async def remove(scope: OrganizationScope, *, user: str, is_confirmed: bool) -> None:
    """Remove a member, or leave the organization, confirmed, if the user is the caller.

    Their own roles in its projects end with the membership.
    """
    is_leaving = user == scope.user.id
    async with organization_transaction(scope, min_role=OrgRole.MEMBER) as transaction:
        role = await transaction.read_role(user)
        if not is_leaving:
            ORG_ROLES.require_below(transaction.role, role)
        action = "member.left" if is_leaving else "member.removed"
        await transaction.tx.execute_raw(
            _RECORD_RESETS, scope.id, user, scope.user.id, action.replace(".", " "), False
        )
        await transaction.tx.organizationmember.delete_many(
            where={**in_organization(scope.id), "userId": user}
        )
        if role is OrgRole.OWNER:
            await _require_owner(transaction.tx)
        # Last, because nothing that the last owner confirms would help.
        if is_leaving and not is_confirmed:
            raise confirmation_needed()
        await transaction.record(action, subject=user, role=role)


async def _end_lower_roles(transaction: OrganizationTransaction, user: str) -> None:
    """Let a new owner inherit ADMIN where they had a lower role, for good.

    Otherwise the lower role would apply again once they are no owner any more.
    """
    scope = transaction.scope
    await transaction.tx.execute_raw(
        _RECORD_RESETS, scope.id, user, scope.user.id, "became an owner", True
    )
    await transaction.tx.projectmember.update_many(
        where={
            **in_organization(scope.id),
            "userId": user,
            "inheritedFromOrg": False,
            "NOT": [{"role": ProjectRole.ADMIN}],
        },
        data={"role": None, "inheritedFromOrg": True},
    )


async def _require_owner(tx: Prisma) -> None:
    """Raise 409 if the organization has no owner any more.

    A trigger checks that when a transaction ends, whatever has happened in it; here it checks now.
    """
    try:
        await tx.execute_raw("SET CONSTRAINTS ALL IMMEDIATE")
    except RawQueryError as error:
        if error.meta.get("code") == _CHECK_VIOLATION:
            raise last_owner() from None
        raise
