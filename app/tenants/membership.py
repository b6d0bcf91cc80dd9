"""The users of a tenant: their roles, and the condition that limits queries to a tenant."""

from typing import NewType, TypedDict

from prisma import Prisma
from prisma.enums import TenantUserRole

from app.db import prisma

TenantId = NewType("TenantId", str)


class InTenant(TypedDict):
    """The part of a `where` that limits a query to one tenant."""

    tenantId: str


def in_tenant(tenant: TenantId) -> InTenant:
    """Limit a query to a tenant: `where={**in_tenant(scope.id), ...}`."""
    return {"tenantId": tenant}


async def role_in(tenant: TenantId, user: str, *, tx: Prisma = prisma) -> TenantUserRole | None:
    """Return the role of a user of a tenant, or None if the scope shows no such user."""
    found = await tx.tenantuser.find_unique(
        where={"tenantId_id": {**in_tenant(tenant), "id": user}}
    )
    return TenantUserRole(found.role) if found else None
