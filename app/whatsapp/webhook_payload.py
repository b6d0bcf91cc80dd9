"""Meta's notifications, as far as they are understood: a payload in, messages and statuses out.

Nothing here trusts the payload's structure. A part that is not understood is counted and skipped,
and its siblings are not lost, unless the whole body cannot be read. See
developers.facebook.com, webhooks of the WhatsApp Business Platform, "messages".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from prisma.enums import TurnStatus

from app.conversations import Person
from app.kit.json_values import replace_unstorable
from app.kit.phone_numbers import from_network
from app.whatsapp.webhook_messages import (
    Object,
    as_object,
    describe,
    items_of,
    object_of,
    objects_of,
    text_of,
)

# As an id of Meta may be; the document of a message has no quotes that are not escaped, so that
# nothing in a text is taken for a number.
_NUMBER_ID = re.compile(rb'"phone_number_id"\s*:\s*"(\d{1,32})"')
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,256}")
_STATUSES = {
    "sent": TurnStatus.SENT,
    "delivered": TurnStatus.DELIVERED,
    "read": TurnStatus.READ,
    "played": TurnStatus.READ,  # of a voice message
    "failed": TurnStatus.FAILED,
}
_MAX_NAME = 100
# WhatsApp is as old as that.
_OLDEST = datetime(2009, 1, 1, tzinfo=UTC)
_CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Message:
    """A message of somebody to the number."""

    id: str
    sender: Person
    text: str
    data: dict[str, Any] | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message from the number."""

    id: str
    status: TurnStatus
    at: datetime


@dataclass(slots=True)
class Notification:
    """What a payload tells of one number; `skipped` counts what is not understood."""

    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    statuses: list[Status] = field(default_factory=list[Status])
    skipped: int = 0


def find_number_ids(body: bytes) -> list[str]:
    """Return the ids of the numbers that a body names, without parsing it."""
    return sorted({found.decode() for found in _NUMBER_ID.findall(body)})


def parse(document: Any, now: datetime) -> dict[str, Notification]:
    """Return what a payload tells, by the ids of the numbers; a message is there once."""
    found: dict[str, Notification] = {}
    for value in _values(document):
        number = text_of(object_of(value, "metadata"), "phone_number_id")
        notification = found.setdefault(number, Notification())
        contacts = objects_of(value, "contacts")
        for each in items_of(value, "messages"):
            message = _message(each, contacts, now)
            if message is None:
                notification.skipped += 1
            else:
                notification.messages.setdefault(message.id, message)
        for each in items_of(value, "statuses"):
            status = _status(each, now)
            if status is None:
                notification.skipped += 1
            else:
                notification.statuses.append(status)
        notification.skipped += len(objects_of(value, "errors"))
    return found


def _values(document: Any) -> Iterator[Object]:
    """Return the values of all changes of the field `messages`."""
    for entry in objects_of(as_object(document), "entry"):
        for change in objects_of(entry, "changes"):
            if change.get("field") == "messages":
                yield object_of(change, "value")


def _message(item: Any, contacts: list[Object], now: datetime) -> Message | None:
    message = as_object(item)
    id_, sender = text_of(message, "id"), _sender(message, contacts)
    if not _MESSAGE_ID.fullmatch(id_) or not sender.keys:
        return None
    text, data = describe(message)
    return Message(id_, sender, text, data, _moment(message, now))


def _status(item: Any, now: datetime) -> Status | None:
    status = as_object(item)
    id_, name = text_of(status, "id"), text_of(status, "status")
    if not _MESSAGE_ID.fullmatch(id_) or name not in _STATUSES:
        return None
    return Status(id_, _STATUSES[name], _moment(status, now))


def _sender(message: Object, contacts: list[Object]) -> Person:
    """Return who wrote a message: whoever has a username may have no phone number."""
    number, user_id = text_of(message, "from"), text_of(message, "from_user_id")
    for contact in contacts:
        is_sender = (number and number == text_of(contact, "wa_id")) or (
            user_id and user_id == text_of(contact, "user_id")
        )
        # The only contact of a value is the sender, even if the message names nobody.
        if is_sender or (len(contacts) == 1 and not (number and user_id)):
            number = number or text_of(contact, "wa_id")
            user_id = user_id or text_of(contact, "user_id")
            profile = object_of(contact, "profile")
            return _person(number, user_id, text_of(profile, "name"))
    return _person(number, user_id, "")


def _person(number: str, user_id: str, name: str) -> Person:
    return Person(
        waUserId=user_id if _USER_ID.fullmatch(user_id) else None,
        phone=from_network(number),
        name=_name(name),
    )


def _name(name: str) -> str | None:
    """Return a profile's name as one line, as long as names of contacts may be."""
    line = "".join(char if char.isprintable() else " " for char in replace_unstorable(name))
    return " ".join(line.split())[:_MAX_NAME] or None


def _moment(item: Object, now: datetime) -> datetime:
    """Return the moment of a message or a status; without a plausible one, that of its arrival."""
    text = text_of(item, "timestamp")
    if text.isascii() and text.isdigit() and len(text) <= 11:
        moment = datetime.fromtimestamp(int(text), UTC)
        if _OLDEST <= moment <= now + _CLOCK_SKEW:
            return moment
    return now
