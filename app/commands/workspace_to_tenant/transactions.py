"""The transactions of a conversion: one after the other, also those of several runs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple

from prisma import Prisma
from prisma.models import Tenant, WorkspaceConversion

# Deleting a large tenant takes time, for which another run waits.
_LIMIT = timedelta(minutes=10)


class Begun(NamedTuple):
    """A conversion, and the tenant that it has made."""

    conversion: WorkspaceConversion
    tenant: Tenant


@asynccontextmanager
async def conversion_transaction(
    owner: Prisma, workspace: str
) -> AsyncGenerator[tuple[Prisma, Begun | None]]:
    """Open a transaction that locks a workspace's conversion and, if it has begun, its tenant.

    The lock on the tenant is the one that changes of its users take (app/tenancy/locks.py).
    """
    async with owner.tx(timeout=_LIMIT) as tx:
        await tx.execute_raw(
            "SELECT pg_advisory_xact_lock(hashtext('tenantry workspace-to-tenant'), hashtext($1))",
            workspace,
        )
        await tx.execute_raw(
            """
            SELECT FROM "Tenant" JOIN "WorkspaceConversion" ON "tenantId" = "Tenant"."id"
            WHERE "workspaceId" = $1 FOR NO KEY UPDATE OF "Tenant"
            """,
            workspace,
        )
        yield tx, await find_begun(tx, workspace)


async def find_begun(tx: Prisma, workspace: str) -> Begun | None:
    """Return the conversion of a workspace, or None if it has not begun."""
    found = await tx.workspaceconversion.find_unique(
        where={"workspaceId": workspace}, include={"tenant": True}
    )
    return Begun(found, found.tenant) if found and found.tenant else None
