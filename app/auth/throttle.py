"""Throttles: how often something may be tried, counted whether or not the attempt succeeds."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prisma import Prisma

from app.auth.errors import too_many_attempts
from app.db import prisma
from app.scope import use_scope

# One statement, so that concurrent attempts are all counted; Prisma's upsert cannot start a new
# window when the last one is over. The clock is the database's, which all processes share.
_COUNT = """
    INSERT INTO "Throttle" AS known (key, count, "resetsAt")
    VALUES ($1, $3, now() + make_interval(secs => $2))
    ON CONFLICT (key) DO UPDATE SET
        count = CASE
            WHEN known."resetsAt" > now() THEN known.count + excluded.count ELSE excluded.count
        END,
        "resetsAt" = CASE
            WHEN known."resetsAt" > now() THEN known."resetsAt" ELSE excluded."resetsAt"
        END
    RETURNING count, ceil(extract(epoch FROM "resetsAt" - now()))::int AS seconds
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `max_attempts` per `window`, which starts with the first attempt."""

    name: str
    max_attempts: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Count:
    """The attempts of the current window, and the seconds until it is over."""

    limit: Limit
    attempts: int
    seconds: int

    @property
    def is_exceeded(self) -> bool:
        return self.attempts > self.limit.max_attempts

    @property
    def is_first_excess(self) -> bool:
        """Whether this attempt, of cost 1, is the first in its window that exceeds the limit."""
        return self.attempts == self.limit.max_attempts + 1

    def require(self) -> None:
        """Raise 429 if the limit is exceeded."""
        if self.is_exceeded:
            raise too_many_attempts(self.seconds)


async def attempt(limit: Limit, subject: str, *, cost: int = 1) -> None:
    """Count an attempt, in a transaction of its own; raise 429 when there were too many."""
    if subject:
        (await count(limit, subject, cost=cost)).require()


async def count(limit: Limit, subject: str, *, cost: int = 1) -> Count:
    """Count an attempt, in a transaction of its own."""
    key = _key(limit, subject)
    with use_scope(key=key):
        found: Any = await prisma.query_first(_COUNT, key, limit.window.total_seconds(), cost)
    return Count(limit, found["count"], max(found["seconds"], 1))


async def is_counted(limit: Limit, subject: str) -> bool:
    """Return whether there was an attempt in the current window."""
    key = _key(limit, subject)
    with use_scope(key=key):
        found = await prisma.throttle.find_unique(where={"key": key})
    return found is not None and found.resetsAt > datetime.now(UTC)


async def touch(tx: Prisma, limit: Limit, subject: str) -> None:
    """Write to a counter without changing it: the work of a write, for equal timing."""
    key = _key(limit, subject)
    with use_scope(key=key):
        await tx.throttle.update_many(where={"key": key}, data={"count": {"increment": 0}})


async def reset(limit: Limit, subject: str) -> None:
    """Start a new window: the caller has proved who they are."""
    key = _key(limit, subject)
    with use_scope(key=key):
        await prisma.throttle.delete_many(where={"key": key})


async def refund(limit: Limit, subject: str, *, cost: int = 1) -> None:
    """Take an attempt back, or a part of its cost: the caller did no harm."""
    key = _key(limit, subject)
    with use_scope(key=key):
        await prisma.throttle.update_many(
            where={"key": key, "count": {"gte": cost}}, data={"count": {"decrement": cost}}
        )


def _key(limit: Limit, subject: str) -> str:
    return f"{limit.name} {hashlib.sha256(subject.encode()).hexdigest()}"
