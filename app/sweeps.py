"""Sweeps: what has expired is deleted. It is refused from that moment on, swept or not."""

from datetime import UTC, datetime, timedelta

from prisma import Prisma

EVERY = timedelta(minutes=10)
_LIMIT = timedelta(minutes=5)


async def sweep(owner: Prisma) -> dict[str, int] | None:
    """Delete what has expired, as the tables' owner; None if another process is doing so."""
    now = datetime.now(UTC)
    async with owner.tx(timeout=_LIMIT) as tx:
        lock = await tx.query_first(
            """
            SELECT pg_try_advisory_xact_lock(hashtext('tenantry'), hashtext('sweep')) AS "isMine"
            """
        )
        if not lock["isMine"]:
            return None
        return {
            "sessions": await tx.session.delete_many(where={"expiresAt": {"lte": now}}),
            "refresh tokens": await tx.refreshtoken.delete_many(where={"expiresAt": {"lte": now}}),
            "links in mails": await tx.emailtoken.delete_many(where={"expiresAt": {"lte": now}}),
            "invitations": await tx.invitation.delete_many(where={"expiresAt": {"lte": now}}),
            "counters": await tx.throttle.delete_many(where={"resetsAt": {"lte": now}}),
        }
