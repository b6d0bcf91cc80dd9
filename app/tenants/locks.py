"""The row lock of a tenant; app/tenancy/locks.py gives the order of all locks."""

from prisma import Prisma

from app.tenants.errors import tenant_not_found
from app.tenants.membership import TenantId


async def lock_tenant(tx: Prisma, tenant: TenantId) -> None:
    """Lock a tenant until the transaction ends; raise 404 if there is none.

    Every change of a tenant's users starts with this lock, so that they happen one after the other.
    Requires the tenant's scope.
    """
    # A function, because a policy hides from FOR UPDATE what its users may not change.
    found = await tx.query_first('SELECT lock_tenant($1::uuid) AS "found"', tenant)
    if not found["found"]:
        raise tenant_not_found()
