"""Organizations: creating, listing, changing and deleting them."""

from contextlib import AbstractAsyncContextManager

from prisma import Prisma
from prisma.actions import OrganizationMemberActions
from prisma.enums import OrgRole, ProjectRole
from prisma.models import Organization
from prisma.partials import OrganizationView, OwnOrganizationMembership
from prisma.types import OrganizationUpdateInput

from app import audit
from app.auth import Caller
from app.auth.errors import not_signed_in
from app.database.scope import use_scope
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import new_uuid7
from app.organizations.errors import organization_not_found, too_many_organizations
from app.organizations.schemas import MyOrganization, OrganizationChange
from app.organizations.scope import OrganizationScope
from app.organizations.transactions import OrganizationTransaction, organization_transaction
from app.tenancy import joined_after, lock_user

_LIST = "my organizations"
_memberships = OrganizationMemberActions(prisma, OwnOrganizationMembership)


def organization_view(
    organization: Organization | OrganizationView, role: OrgRole | str
) -> MyOrganization:
    """Return an organization as a member with this role sees it."""
    return MyOrganization.model_validate({**vars(organization), "role": role})


async def create(caller: Caller, *, name: str, limit: int) -> MyOrganization:
    """Create an organization owned by the caller, who may own `limit` organizations."""
    id_ = new_uuid7()  # before the row, because the scope that may insert it names it
    user = caller.user.id
    with use_scope(user=user, organization=id_):
        async with prisma.tx() as tx:
            if not await lock_user(tx, user):
                raise not_signed_in()
            await require_ownership_quota(tx, user, limit)
            organization = await tx.organization.create(
                {
                    "id": id_,
                    "name": name,
                    "createdById": user,
                    "members": {"create": [{"userId": user, "role": OrgRole.OWNER}]},
                }
            )
            await audit.record(
                tx,
                "organization.created",
                actor=user,
                organization=id_,
                subject=id_,
                name=name,
                role=OrgRole.OWNER,
                memberBaseRole=organization.memberBaseRole,
            )
    return organization_view(organization, OrgRole.OWNER)


async def list_mine(caller: Caller, pages: PageRequest) -> Page[MyOrganization]:
    """Return the caller's organizations, in the order of joining."""
    rows = await _memberships.find_many(
        where={"userId": caller.user.id, **joined_after(pages.after_moment(_LIST))},
        include={"organization": True},
        order=[{"joinedAt": "asc"}, {"id": "asc"}],
        take=pages.take + 1,
    )
    page = pages.page(_LIST, rows, moment=lambda member: member.joinedAt)
    # The organization is read by a second query: it may have been deleted in between.
    items = [
        organization_view(each.organization, each.role) for each in page.items if each.organization
    ]
    return Page(items=items, nextCursor=page.nextCursor)


async def change(scope: OrganizationScope, changed: OrganizationChange) -> MyOrganization:
    """Change an organization; only an owner decides what members and support staff may do."""
    async with change_transaction(scope, changed) as transaction:
        organization = await apply_change(transaction, changed)
    return organization_view(organization, transaction.role)


def change_transaction(
    scope: OrganizationScope, changed: OrganizationChange
) -> AbstractAsyncContextManager[OrganizationTransaction]:
    """Open the transaction of a change for those who may make it."""
    min_role = OrgRole.OWNER if changed.keys() - {"name"} else OrgRole.ADMIN
    return organization_transaction(scope, min_role=min_role)


async def apply_change(
    transaction: OrganizationTransaction, changed: OrganizationChange
) -> Organization:
    """Change an organization in the database and in the trail."""
    id_ = transaction.scope.id
    before = await _base_role(transaction) if "memberBaseRole" in changed else None
    organization = await transaction.tx.organization.update(
        where={"id": id_}, data=OrganizationUpdateInput(**changed)
    )
    if organization is None:
        raise organization_not_found()
    details = {"memberBaseRoleBefore": before} if "memberBaseRole" in changed else {}
    if changed:
        await transaction.record("organization.changed", subject=id_, **changed, **details)
    return organization


async def _base_role(transaction: OrganizationTransaction) -> ProjectRole | None:
    """Return what members inherit, as it is under the lock."""
    found = await transaction.tx.organization.find_unique(where={"id": transaction.scope.id})
    if found is None:
        raise organization_not_found()
    return found.memberBaseRole


async def delete(scope: OrganizationScope) -> None:
    """Delete an organization with everything in it, except its audit trail."""
    async with organization_transaction(scope, min_role=OrgRole.OWNER) as transaction:
        await transaction.record("organization.deleted", subject=scope.id, name=scope.name)
        await transaction.tx.organization.delete_many(where={"id": scope.id})


async def require_ownership_quota(tx: Prisma, user: str, limit: int) -> None:
    """Raise 409 if a user, whose row is locked, already owns `limit` organizations."""
    owned = await tx.organizationmember.count(where={"userId": user, "role": OrgRole.OWNER})
    if owned >= limit:
        raise too_many_organizations(limit)
