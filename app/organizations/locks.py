"""The row lock of an organization; app/tenancy/locks.py gives the order of all locks."""

from prisma import Prisma

from app.organizations.errors import organization_not_found
from app.organizations.membership import OrganizationId


async def lock_organization(tx: Prisma, organization: OrganizationId) -> None:
    """Lock an organization until the transaction ends; raise 404 if there is none.

    Every change of an organization, its members or projects starts with this lock, so that they
    happen one after the other. Requires the organization's scope.
    """
    # Prisma has no row locks. This mode allows rows that refer to the organization to be inserted.
    if not await tx.query_raw(
        'SELECT id FROM "Organization" WHERE id = $1::uuid FOR NO KEY UPDATE', organization
    ):
        raise organization_not_found()
