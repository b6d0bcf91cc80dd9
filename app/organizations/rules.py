"""Organizations: creating and listing them."""

from prisma import Prisma
from prisma.actions import OrganizationMemberActions
from prisma.enums import OrgRole
from prisma.models import Organization
from prisma.partials import OrganizationView, OwnOrganizationMembership

from app import audit
from app.auth import Caller
from app.auth.errors import not_signed_in
from app.database.scope import use_scope
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import new_uuid7
from app.organizations.errors import too_many_organizations
from app.organizations.schemas import MyOrganization
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


async def require_ownership_quota(tx: Prisma, user: str, limit: int) -> None:
    """Raise 409 if a user, whose row is locked, already owns `limit` organizations."""
    owned = await tx.organizationmember.count(where={"userId": user, "role": OrgRole.OWNER})
    if owned >= limit:
        raise too_many_organizations(limit)
