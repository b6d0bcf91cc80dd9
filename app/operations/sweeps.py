"""Sweeps: delete expired rows, and rows older than the settings keep them.

Expired rows are refused whether they have been deleted or not. A sweep deletes in batches, each in
a transaction of its own: when it is killed, the next one continues from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prisma import Prisma

from app.settings import Settings

EVERY = timedelta(minutes=10)
BATCH = 1000
_BATCH_TIMEOUT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Expiry:
    """Rows of a table to delete: those for which a condition on the time $1 is true."""

    name: str
    table: str
    condition: str
    time: datetime


# Nobody's work depends on such an account, and no link in a mail confirms it any more. Signing up
# again updates it.
_UNCONFIRMED = """
    "emailConfirmedAt" IS NULL AND "updatedAt" <= $1::timestamptz
    AND NOT EXISTS (SELECT FROM "EmailToken" WHERE "userId" = "User".id)
    AND NOT EXISTS (SELECT FROM "Workspace" WHERE "ownerId" = "User".id)
    AND NOT EXISTS (SELECT FROM "WorkspaceMember" WHERE "userId" = "User".id)
    AND NOT EXISTS (SELECT FROM "OrganizationMember" WHERE "userId" = "User".id)
"""

_IMPORTS_KEPT = timedelta(days=30)
# The process that received the file died.
_LONGEST_UPLOAD = timedelta(hours=1)
_UPLOADING = """ "state" = 'uploading' AND "createdAt" <= $1::timestamptz """


async def sweep(owner: Prisma, settings: Settings, *, batch: int = BATCH) -> dict[str, int] | None:
    """Delete expired rows as the tables' owner.

    Return the counts by name, or None if another process is sweeping.
    """
    counts: dict[str, int] = {}
    for expiry in _expiries(settings, datetime.now(UTC)):
        found = batch
        while found == batch:
            async with owner.tx(timeout=_BATCH_TIMEOUT) as tx:
                if not await _acquire_lock(tx):
                    return counts or None
                found, deleted = await _delete(tx, expiry, batch)
            counts[expiry.name] = counts.get(expiry.name, 0) + deleted
    return counts


def _expiries(settings: Settings, now: datetime) -> Iterator[_Expiry]:
    expired = '"expiresAt" <= $1::timestamptz'
    yield _Expiry("sessions", "Session", expired, now)
    yield _Expiry("web sessions", "session", "expire <= $1::timestamptz", now)
    yield _Expiry("refresh tokens", "RefreshToken", expired, now)
    yield _Expiry("links in mails", "EmailToken", expired, now)
    yield _Expiry("sessions in tenants", "TenantSession", expired, now)
    yield _Expiry("refresh tokens in tenants", "TenantRefreshToken", expired, now)
    yield _Expiry("links in mails of tenants", "TenantEmailToken", expired, now)
    yield _Expiry("invitations", "Invitation", expired, now)
    yield _Expiry("transfers of workspaces", "WorkspaceTransfer", expired, now)
    yield _Expiry("transfers of organizations", "OrganizationTransfer", expired, now)
    yield _Expiry("counters", "Throttle", '"resetsAt" <= $1::timestamptz', now)
    yield _Expiry("imports", "ImportJob", '"createdAt" <= $1::timestamptz', now - _IMPORTS_KEPT)
    yield _Expiry("interrupted uploads", "ImportJob", _UPLOADING, now - _LONGEST_UPLOAD)
    unconfirmed = now - timedelta(days=settings.unconfirmed_days)
    yield _Expiry("unconfirmed accounts", "User", _UNCONFIRMED, unconfirmed)
    if settings.audit_days is not None:
        kept = now - timedelta(days=settings.audit_days)
        yield _Expiry("audit events", "AuditEvent", '"createdAt" <= $1::timestamptz', kept)


async def _acquire_lock(tx: Prisma) -> bool:
    """Try to acquire the lock of sweeps until the transaction ends; return whether that worked."""
    lock = await tx.query_first(
        "SELECT pg_try_advisory_xact_lock(hashtext('tenantry'), hashtext('sweep')) AS \"acquired\""
    )
    return lock["acquired"]


async def _delete(tx: Prisma, expiry: _Expiry, batch: int) -> tuple[int, int]:
    """Return how many rows were found, and how many of them were deleted."""
    # Prisma has no row locks. Rows in use are left to the next sweep. The condition is repeated
    # under the lock, after which no new row can refer to a locked one.
    rows = await tx.query_raw(
        f'SELECT ctid::text AS place FROM "{expiry.table}" WHERE {expiry.condition} '  # noqa: S608  # pyright: ignore[reportArgumentType]  # constants of this file
        f"LIMIT {batch} FOR UPDATE SKIP LOCKED",
        expiry.time,
    )
    deleted = await tx.execute_raw(
        f'DELETE FROM "{expiry.table}" WHERE ctid = ANY($2::text[]::tid[]) AND {expiry.condition}',  # noqa: S608  # pyright: ignore[reportArgumentType]  # as above
        expiry.time,
        [row["place"] for row in rows],
    )
    return len(rows), deleted
