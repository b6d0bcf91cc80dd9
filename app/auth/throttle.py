"""Throttles: how often something may be tried, counted whether or not the attempt succeeds."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from prisma import Prisma

from app.auth.errors import too_many_attempts
from app.auth.exceeded import ExceededKeys
from app.database.scope import use_scope
from app.db import prisma
from app.http.problems import Problem
from app.kit.networks import wider_networks

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

# Per process. Limits that a success resets are not in it: the success may be another process's.
exceeded_keys = ExceededKeys()
_FACTORS_OF_NETWORKS = (3, 10)  # of an IPv6 /56 and /48


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `max_attempts` per `window`, which starts with the first attempt."""

    name: str
    max_attempts: int
    window: timedelta
    is_resettable: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to count: under which limit, by or at whom, and what it costs."""

    limit: Limit
    subject: str
    cost: int = 1

    @property
    def key(self) -> str:
        return _key(self.limit, self.subject)


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


def from_address(limit: Limit, address: str, *, cost: int = 1) -> tuple[Attempt, ...]:
    """Return the attempts to count for an address: for IPv6 also those of its wider networks.

    Their limits are larger, since a /48 may be a whole company's.
    """
    wider = zip(wider_networks(address), _FACTORS_OF_NETWORKS, strict=False)
    return (
        Attempt(limit, address, cost),
        *(
            Attempt(replace(limit, max_attempts=limit.max_attempts * factor), network, cost)
            for network, factor in wider
        ),
    )


async def attempt(limit: Limit, subject: str, *, cost: int = 1) -> None:
    """Count an attempt, in a transaction of its own; raise 429 when there were too many."""
    await attempt_all(Attempt(limit, subject, cost))


async def attempt_all(*attempts: Attempt) -> None:
    """Count attempts until one exceeds its limit; then raise 429.

    Attempts without a subject are not counted, and those that are known to exceed their limits
    are refused without a statement.
    """
    require_not_exceeded(*attempts)
    for each in attempts:
        if not each.subject:
            continue
        counted = await count(each.limit, each.subject, cost=each.cost)
        if counted.is_exceeded and not each.limit.is_resettable:
            exceeded_keys.remember(each.key, counted.seconds)
        counted.require()


def require_not_exceeded(*attempts: Attempt) -> None:
    """Raise 429 if this process knows that a limit is exceeded; count nothing."""
    for each in attempts:
        if each.subject and (seconds := exceeded_keys.seconds_left(each.key)):
            raise too_many_attempts(seconds)


@asynccontextmanager
async def refunded_if_busy(*attempts: Attempt) -> AsyncGenerator[None]:
    """Take attempts back if the block raises 503: the caller did not get to try."""
    try:
        yield
    except Problem as problem:
        if problem.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            for each in attempts:
                if each.subject:
                    await refund(each.limit, each.subject, cost=each.cost)
        raise


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
    if not limit.is_resettable:
        raise ValueError(f'the limit "{limit.name}" is not resettable')
    key = _key(limit, subject)
    with use_scope(key=key):
        await prisma.throttle.delete_many(where={"key": key})


async def refund(limit: Limit, subject: str, *, cost: int = 1) -> None:
    """Take an attempt back, or a part of its cost: the caller did no harm."""
    key = _key(limit, subject)
    exceeded_keys.forget(key)
    with use_scope(key=key):
        await prisma.throttle.update_many(
            where={"key": key, "count": {"gte": cost}}, data={"count": {"decrement": cost}}
        )


def _key(limit: Limit, subject: str) -> str:
    return f"{limit.name} {hashlib.sha256(subject.encode()).hexdigest()}"
