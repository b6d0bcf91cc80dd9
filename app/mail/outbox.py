"""The outbox: mail waits here from the commit of the change that it reports until it is sent."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prisma import Prisma

# How long a claimed mail belongs to its sender; if that one dies, others send it afterwards.
LEASE = timedelta(minutes=10)
FIRST_DELAY = timedelta(seconds=5)
MAX_DELAY = timedelta(minutes=15)
# As mail servers do; the links have expired by then.
LIFETIME = timedelta(days=5)
_MAX_ERROR = 500

# Raw SQL, because senders share the work by SKIP LOCKED, which Prisma does not offer.
_CLAIM = """
    UPDATE "OutboxMail"
    SET attempts = attempts + 1, "nextAttemptAt" = now() + make_interval(secs => $1)
    WHERE id IN (
        SELECT id FROM "OutboxMail" WHERE "nextAttemptAt" <= now()
        ORDER BY "nextAttemptAt", id LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    RETURNING id::text, recipient, subject, text, attempts, "createdAt"
"""

_listeners: set[asyncio.Event] = set()


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that this sender has claimed."""

    id: str
    recipient: str
    subject: str
    text: str
    attempts: int
    created: datetime


async def enqueue(tx: Prisma, *, to: str, subject: str, text: str) -> None:
    """Queue a mail in the transaction of the change that it reports.

    Call `wake_sender()` after the commit. Pass names that users chose through `display_name`.
    """
    # The service's role may insert mail but not read it: `create` would read the row back.
    await tx.outboxmail.create_many(
        data=[{"recipient": to, "subject": " ".join(subject.split()), "text": text}]
    )


def wake_sender() -> None:
    """Let this process's sender look for mail now; call it after the commit."""
    for event in _listeners:
        event.set()


def listen() -> asyncio.Event:
    """Return an event that `wake_sender` sets until `stop_listening` is called."""
    event = asyncio.Event()
    _listeners.add(event)
    return event


def stop_listening(event: asyncio.Event) -> None:
    _listeners.discard(event)


async def claim(owner: Prisma, *, most: int) -> list[Mail]:
    """Claim up to `most` mails that are due; no other sender gets them until the lease ends."""
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
    """Postpone a mail that could not be sent, doubling the delay each time."""
    delay = min(FIRST_DELAY * 2 ** min(mail.attempts - 1, 20), MAX_DELAY)
    await owner.outboxmail.update_many(
        where={"id": mail.id},
        data={"nextAttemptAt": datetime.now(UTC) + delay, "lastError": error[:_MAX_ERROR]},
    )
