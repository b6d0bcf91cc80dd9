"""Sweeps: what has expired is deleted, and what was kept as long as the settings say.

What has expired is refused from that moment on, swept or not. A sweep goes in batches, each its own
transaction: wherever it is killed, the next one goes on from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prisma import Prisma

from app.settings import Settings

EVERY = timedelta(minutes=10)
BATCH = 1000
_LIMIT = timedelta(minutes=1)  # of a batch


@dataclass(frozen=True, slots=True)
class _Old:
    """Rows of a table that are to go: those of which a condition on the moment $1 is true."""

    name: str
    table: str
    condition: str
    moment: datetime


# Neither theirs nor anybody else's work hangs on such an account, and no link to it is in a mail
# still. Signing up again changes it.
_UNCONFIRMED = """
    "emailConfirmedAt" IS NULL AND "updatedAt" <= $1
    AND NOT EXISTS (SELECT FROM "EmailToken" WHERE "userId" = "User".id)
    AND NOT EXISTS (SELECT FROM "Workspace" WHERE "ownerId" = "User".id)
    AND NOT EXISTS (SELECT FROM "WorkspaceMember" WHERE "userId" = "User".id)
"""


async def sweep(owner: Prisma, settings: Settings, *, batch: int = BATCH) -> dict[str, int] | None:
    """Delete what is old, as the tables' owner; None if another process is doing so."""
    counts: dict[str, int] = {}
    for old in _old(settings, datetime.now(UTC)):
        found = batch
        while found == batch:
            async with owner.tx(timeout=_LIMIT) as tx:
                if not await _is_ours(tx):
                    return counts or None
                found, deleted = await _delete(tx, old, batch)
            counts[old.name] = counts.get(old.name, 0) + deleted
    return counts


def _old(settings: Settings, now: datetime) -> Iterator[_Old]:
    expired = '"expiresAt" <= $1'
    yield _Old("sessions", "Session", expired, now)
    yield _Old("refresh tokens", "RefreshToken", expired, now)
    yield _Old("links in mails", "EmailToken", expired, now)
    yield _Old("invitations", "Invitation", expired, now)
    yield _Old("counters", "Throttle", '"resetsAt" <= $1', now)
    unconfirmed = now - timedelta(days=settings.unconfirmed_days)
    yield _Old("unconfirmed accounts", "User", _UNCONFIRMED, unconfirmed)
    if settings.audit_days is not None:
        kept = now - timedelta(days=settings.audit_days)
        yield _Old("audit events", "AuditEvent", '"createdAt" <= $1', kept)


async def _is_ours(tx: Prisma) -> bool:
    lock = await tx.query_first(
        "SELECT pg_try_advisory_xact_lock(hashtext('tenantry'), hashtext('sweep')) AS \"isOurs\""
    )
    return lock["isOurs"]


async def _delete(tx: Prisma, old: _Old, batch: int) -> tuple[int, int]:
    """How many rows were found, and how many of them deleted."""
    # Prisma has no row locks. What is in use is left for the next sweep. The condition is asked
    # again under the lock: nothing refers to a row from then on that did not before.
    rows = await tx.query_raw(
        f'SELECT ctid::text AS place FROM "{old.table}" WHERE {old.condition} '  # noqa: S608  # pyright: ignore[reportArgumentType]  # parts of our own
        f"LIMIT {batch} FOR UPDATE SKIP LOCKED",
        old.moment,
    )
    deleted = await tx.execute_raw(
        f'DELETE FROM "{old.table}" WHERE ctid = ANY($2::text[]::tid[]) AND {old.condition}',  # noqa: S608  # pyright: ignore[reportArgumentType]  # as above
        old.moment,
        [row["place"] for row in rows],
    )
    return len(rows), deleted
