"""How often something may be tried: counted in the database, whatever becomes of the attempt."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.auth.errors import too_many_attempts
from app.db import prisma
from app.scope import use_scope

# One statement, so that attempts at the same moment are all counted; Prisma's upsert cannot begin
# anew when the time is over. The clock is the database's, which all processes share.
_COUNT = """
    INSERT INTO "Throttle" AS known (key, count, "resetsAt")
    VALUES ($1, 1, now() + make_interval(secs => $2))
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN known."resetsAt" > now() THEN known.count + 1 ELSE 1 END,
        "resetsAt" = CASE
            WHEN known."resetsAt" > now() THEN known."resetsAt" ELSE excluded."resetsAt"
        END
    RETURNING count, ceil(extract(epoch FROM "resetsAt" - now()))::int AS seconds
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many attempts within a time that begins with the first of them."""

    name: str
    most: int
    within: timedelta


async def attempt(limit: Limit, subject: str) -> None:
    """Count an attempt, in a transaction of its own; raises 429 when there were too many."""
    if not subject:
        return
    key = _key(limit, subject)
    with use_scope(key=key):
        found: Any = await prisma.query_first(_COUNT, key, limit.within.total_seconds())
    if found["count"] > limit.most:
        raise too_many_attempts(max(found["seconds"], 1))


async def reset(limit: Limit, subject: str) -> None:
    """Begin anew: who tried has proved who they are."""
    key = _key(limit, subject)
    with use_scope(key=key):
        await prisma.throttle.delete_many(where={"key": key})


async def refund(limit: Limit, subject: str) -> None:
    """Take an attempt back: many people at one address who log in rightly do no harm."""
    key = _key(limit, subject)
    with use_scope(key=key):
        await prisma.throttle.update_many(
            where={"key": key, "count": {"gt": 0}}, data={"count": {"decrement": 1}}
        )


def _key(limit: Limit, subject: str) -> str:
    return f"{limit.name} {hashlib.sha256(subject.encode()).hexdigest()}"
