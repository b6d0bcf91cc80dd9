"""The outbox: mail waits here from the commit of what it belongs to until it is sent."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prisma import Prisma

# For which a sender has what it took; one that dies leaves it to others after that.
LEASE = timedelta(minutes=10)
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
# As mail servers do: after that it is of no use any more.
LIFETIME = timedelta(days=5)
_LONGEST_ERROR = 500

# Prisma cannot skip what others have locked, and so not divide the mail among senders.
_CLAIM = """
    UPDATE "OutboxMail"
    SET attempts = attempts + 1, "nextAttemptAt" = now() + make_interval(secs => $1)
    WHERE id IN (
        SELECT id FROM "OutboxMail" WHERE "nextAttemptAt" <= now()
        ORDER BY "nextAttemptAt", id LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    RETURNING id::text, recipient, subject, text, attempts, "createdAt"
"""

_waiting: set[asyncio.Event] = set()


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that this sender has to itself for a while."""

    id: str
    recipient: str
    subject: str
    text: str
    attempts: int
    created: datetime


async def enqueue(tx: Prisma, *, to: str, subject: str, text: str) -> None:
    """Put a mail into the outbox, in the transaction of what it tells of; then `wake_sender()`."""
    # The service's role may put mail in and not look at it: `create` would read the row back.
    await tx.outboxmail.create_many(
        data=[{"recipient": to, "subject": " ".join(subject.split()), "text": text}]
    )


def wake_sender() -> None:
    """After the commit: let this process's sender look now rather than in some seconds."""
    for event in _waiting:
        event.set()


def listen() -> asyncio.Event:
    """An event that `wake_sender` sets."""
    event = asyncio.Event()
    _waiting.add(event)
    return event


def stop_listening(event: asyncio.Event) -> None:
    _waiting.discard(event)


async def claim(owner: Prisma, *, most: int) -> list[Mail]:
    """Mail that is due, for this sender alone."""
    rows: list[Any] = await owner.query_raw(_CLAIM, LEASE.total_seconds(), most)
    return [
        Mail(
            id=row["id"],
            recipient=row["recipient"],
            subject=row["subject"],
            text=row["text"],
            attempts=row["attempts"],
            created=datetime.fromisoformat(row["createdAt"]),
        )
        for row in rows
    ]


async def remove(owner: Prisma, mail: Mail) -> None:
    await owner.outboxmail.delete_many(where={"id": mail.id})


async def retry_later(owner: Prisma, mail: Mail, error: str) -> None:
    """It could not be sent: later, and each time later still."""
    pause = min(FIRST_PAUSE * 2 ** min(mail.attempts - 1, 20), LONGEST_PAUSE)
    await owner.outboxmail.update_many(
        where={"id": mail.id},
        data={"nextAttemptAt": datetime.now(UTC) + pause, "lastError": error[:_LONGEST_ERROR]},
    )
