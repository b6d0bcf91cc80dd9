"""Undoing a conversion, until it is confirmed."""

from prisma import Prisma

from app import audit
from app.commands.workspace_to_tenant.conversion import BY, first_administrator
from app.commands.workspace_to_tenant.errors import ConversionError, not_converted
from app.commands.workspace_to_tenant.transactions import conversion_transaction

# What a conversion makes itself, and what belongs to users that it made.
_OWN_TABLES = frozenset(
    {
        "AuditEvent", "TenantEmailToken", "TenantRefreshToken", "TenantSession", "TenantUser",
        "WorkspaceConversion",
    }
)  # fmt: skip
_TABLES = """
    SELECT table_name::text AS "name" FROM information_schema.columns
    WHERE table_schema = current_schema() AND column_name = 'tenantId' ORDER BY table_name
"""
_OTHER_USERS = """
    SELECT FROM "TenantUser" WHERE "tenantId" = $1::uuid AND NOT EXISTS (
        SELECT FROM "WorkspaceConversionUser" WHERE "tenantUserId" = "TenantUser"."id"
    ) LIMIT 1
"""


async def revert(owner: Prisma, workspace: str, *, is_forced: bool) -> str:
    """Delete the tenant with everything that the conversion made; return what to print."""
    async with conversion_transaction(owner, workspace) as (tx, begun):
        if begun is None:
            raise not_converted(workspace)
        if confirmed := begun.conversion.confirmedAt:
            raise ConversionError(
                f"The conversion was confirmed at {confirmed:%Y-%m-%d %H:%M}, and its users may "
                "work in the tenant: it cannot be reverted any more."
            )
        tenant = begun.tenant
        # Before the tenant's contents: a concurrent refresh locks a session and then its user.
        await tx.tenantsession.delete_many(where={"tenantId": tenant.id})
        # Nothing can be added to the tenant from here on.
        await tx.execute_raw('SELECT FROM "Tenant" WHERE id = $1::uuid FOR UPDATE', tenant.id)
        if not is_forced and (filled := await _find_filled(tx, tenant.id)):
            raise ConversionError(
                f"The tenant {tenant.id} has data that the conversion did not make "
                f"({', '.join(filled)}). --revert --force deletes it too."
            )
        await audit.record(
            tx,
            "tenant.deleted",
            actor=await first_administrator(tx, tenant.id),
            tenant=tenant.id,
            subject=tenant.id,
            name=tenant.name,
            domain=tenant.domain,
            by=BY,
        )
        await tx.tenant.delete(where={"id": tenant.id})
    return f"The tenant {tenant.id} is deleted; the workspace {workspace} is as it was."


async def _find_filled(tx: Prisma, tenant: str) -> list[str]:
    """Return the tables in which the tenant has rows that the conversion did not make."""
    filled: list[str] = []
    if await tx.query_raw(_OTHER_USERS, tenant):
        filled.append("TenantUser")
    for row in await tx.query_raw(_TABLES):
        table = row["name"]
        if table not in _OWN_TABLES and await tx.query_raw(
            f'SELECT FROM "{table}" WHERE "tenantId" = $1::uuid LIMIT 1',  # pyright: ignore[reportArgumentType]  # the database's own name
            tenant,
        ):
            filled.append(table)
    return filled
