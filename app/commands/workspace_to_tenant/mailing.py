"""The confirmation: the conversion stays, and every user gets a link to set a password."""

from datetime import UTC, datetime

from prisma import Prisma

from app import audit
from app.commands.workspace_to_tenant.conversion import BATCH, BY, first_administrator
from app.commands.workspace_to_tenant.errors import ConversionError, not_converted
from app.commands.workspace_to_tenant.transactions import conversion_transaction
from app.tenants import mail_first_link


async def confirm(owner: Prisma, workspace: str, *, public_url: str, size: int = BATCH) -> str:
    """End the time for `--revert`, and mail those who got no link yet; return what to print."""
    await _end_reversibility(owner, workspace)
    mailed = 0
    while count := await _mail_batch(owner, workspace, public_url, size):
        mailed += count
    return f"The conversion of {workspace} is confirmed. Links mailed: {mailed}."


async def _end_reversibility(owner: Prisma, workspace: str) -> None:
    """Record the confirmation, unless an earlier run has."""
    async with conversion_transaction(owner, workspace) as (tx, begun):
        if begun is None:
            raise not_converted(workspace)
        if begun.conversion.finishedAt is None:
            raise ConversionError(
                "The conversion is not finished. Run the command without --confirm first."
            )
        if begun.conversion.confirmedAt is not None:
            return
        await tx.workspaceconversion.update(
            where={"workspaceId": workspace}, data={"confirmedAt": datetime.now(UTC)}
        )
        await audit.record(
            tx,
            "tenant.conversion_confirmed",
            actor=await first_administrator(tx, begun.tenant.id),
            tenant=begun.tenant.id,
            subject=begun.tenant.id,
            workspaceId=workspace,
            by=BY,
        )


async def _mail_batch(owner: Prisma, workspace: str, public_url: str, size: int) -> int:
    """Queue up to `size` mails and record to whom, in one transaction; return how many."""
    async with conversion_transaction(owner, workspace) as (tx, begun):
        if begun is None:
            raise ConversionError("The tenant was deleted meanwhile.")
        # Whoever was deleted from the tenant has no `tenantUser` any more.
        users = await tx.workspaceconversionuser.find_many(
            where={"workspaceId": workspace, "mailedAt": None, "NOT": [{"tenantUserId": None}]},
            include={"tenantUser": True},
            order={"userId": "asc"},
            take=size,
        )
        for user in users:
            assert user.tenantUser is not None, "the lock on the tenant keeps it"  # noqa: S101
            await mail_first_link(tx, begun.tenant, user.tenantUser, public_url=public_url)
        await tx.workspaceconversionuser.update_many(
            where={
                "workspaceId": workspace,
                "userId": {"in": [user.userId for user in users]},
            },
            data={"mailedAt": datetime.now(UTC)},
        )
    return len(users)
