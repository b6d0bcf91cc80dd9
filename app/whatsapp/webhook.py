"""What Meta sends to the webhook: verified by the secrets of channels, stored for their tenants.

A notification is stored in one transaction for each channel, in the scope of its tenant and of no
user. Stored twice, whether again or at the same time, it changes nothing.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from prisma import Json, Prisma
from prisma.enums import Channel, TurnAuthor, TurnStatus, WhatsAppStatus
from prisma.models import WhatsAppChannel

from app.conversations import TurnToAppend, append, find_or_create, run_until_won
from app.database.scope import use_scope
from app.encryption import Encryption
from app.http.json_limits import check_json
from app.http.problems import Problem
from app.kit.ids import new_uuid7
from app.tenants import TenantId, in_tenant, lock_tenant
from app.whatsapp.errors import invalid_signature, invalid_verify_token, too_many_numbers
from app.whatsapp.lookup import (
    find_by_number_ids,
    find_by_verify_token,
    open_app_secret,
    open_verify_token,
)
from app.whatsapp.webhook_payload import Message, Notification, Status, find_number_ids, parse

log = logging.getLogger(__name__)

# Of one notification. For each, a secret is decrypted and the whole body is hashed.
MAX_NUMBERS = 20
MAX_VALUES = 50_000
# More than a message may have: it is stored without what is too deep, and its siblings as they are.
MAX_DEPTH = 200
# JavaScript's largest number has 309. Python refuses to convert more than 4300.
_MAX_DIGITS = 309
_SIGNATURE_PREFIX = "sha256="
_ORDER = list(TurnStatus)

# Raw, to read of each id alone whether it has a turn: see APPEND in app/conversations/turns.py.
# Nothing is new for a channel that has been deleted.
_FIND_NEW = """
    SELECT "given"."id" FROM unnest($3::text[]) AS "given" ("id")
    WHERE (
        SELECT "known"."id" FROM "ConversationTurn" AS "known"
        WHERE "known"."tenantId" = $1::uuid AND "known"."externalId" = "given"."id"
    ) IS NULL AND EXISTS (
        SELECT FROM "WhatsAppChannel" WHERE "tenantId" = $1::uuid AND "id" = $2::uuid
    )
"""
# Raw, because Prisma locks no rows. In the order of ids, so that notifications do not wait for each
# other in a circle. Whoever waits appends after the others, and sees what they have appended.
_LOCK_CONVERSATIONS = """
    SELECT "id", "contactId" FROM "Conversation"
    WHERE "tenantId" = $1::uuid AND "whatsAppChannelId" = $2::uuid
        AND "contactId" = ANY ($3::uuid[])
    ORDER BY "id" FOR NO KEY UPDATE
"""
# Raw, because Prisma updates no rows to different values. What has arrived cannot fail any more.
_ADVANCE = """
    UPDATE "ConversationTurn" AS "turn" SET "status" = "given"."status", "statusAt" = "given"."at"
    FROM jsonb_to_recordset($2::jsonb) AS "given" (
        "externalId" text, "status" "TurnStatus", "at" timestamptz
    )
    WHERE "turn"."tenantId" = $1::uuid AND "turn"."externalId" = "given"."externalId"
        AND "turn"."author" <> 'CONTACT' AND (
            "turn"."status" IS NULL OR "turn"."status" < "given"."status"
            AND ("given"."status" <> 'FAILED' OR "turn"."status" = 'SENT')
        )
"""


async def verify(encryption: Encryption, *, mode: str, token: str, challenge: str) -> str:
    """Return the challenge with which Meta verifies the webhook; raise 403."""
    channel = await find_by_verify_token(token)
    if mode != "subscribe" or channel is None:
        raise invalid_verify_token()
    known = open_verify_token(encryption, channel)
    # The look-up compares hashes, which tells nothing of the token; this does not depend on it.
    if not hmac.compare_digest(known.encode(), token.encode()):
        raise invalid_verify_token()
    return challenge


def require_signature(header: str | None) -> str:
    """Return the hexadecimal digits of a signature; raise 401 before the body is read."""
    digits = (header or "").removeprefix(_SIGNATURE_PREFIX)
    if header == digits or len(digits) != 2 * hashlib.sha256().digest_size or not digits.isascii():
        raise invalid_signature()
    return digits


async def receive(encryption: Encryption, body: bytes, signature: str) -> None:
    """Store what a body tells of active channels; raise 401 unless each of their secrets signed it.

    Nothing of the body is parsed before.
    """
    numbers = find_number_ids(body)
    if len(numbers) > MAX_NUMBERS:
        raise too_many_numbers(MAX_NUMBERS)
    found = await find_by_number_ids(numbers) if numbers else []
    channels = {each.phoneNumberId: each for each in found if each.status == WhatsAppStatus.ACTIVE}
    if dropped := len(numbers) - len(channels):
        log.info("Dropped what WhatsApp sent for %d unknown or inactive numbers", dropped)
    for secret in {open_app_secret(encryption, channel) for channel in channels.values()}:
        expected = hmac.digest(secret.encode(), body, "sha256").hex()
        if not hmac.compare_digest(expected, signature.lower()):
            raise invalid_signature()
    if not channels:
        return
    now = datetime.now(UTC)
    for number, notification in parse(_document(body), now).items():
        if channel := channels.get(number):
            await _store(channel, notification)


def _document(body: bytes) -> Any:
    """Parse a signed body. Meta repeats what is refused, so that an invalid one is empty."""
    try:
        check_json(body, max_depth=MAX_DEPTH, max_values=MAX_VALUES)
        return json.loads(body, parse_int=_integer)
    except (ValueError, Problem) as error:
        log.warning("Meta has signed a body that cannot be read: %s", type(error).__name__)
        return None


def _integer(digits: str) -> int | float:
    """Return an integer, or infinity if it has too many digits to be one."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


async def _store(channel: WhatsAppChannel, notification: Notification) -> None:
    """Store the messages and statuses of a channel in one transaction."""
    if notification.skipped:
        log.warning(
            "%d parts of a WhatsApp notification for the channel %s were not understood",
            notification.skipped,
            channel.id,
        )
    messages = list(notification.messages.values())
    statuses = latest(notification.statuses)
    if not messages and not statuses:
        return

    tenant = TenantId(channel.tenantId)

    async def store(tx: Prisma) -> None:
        # A tenant's notifications one after another, so that none of two equal ones finds or
        # changes a contact after the other. Nor is the tenant or the channel deleted meanwhile.
        await lock_tenant(tx, tenant)
        if new := await _find_new(tx, channel, messages):
            await _append(tx, channel, new)
        if statuses:
            await _advance(tx, tenant, statuses)

    with use_scope(tenant=tenant):
        try:
            await run_until_won(store)
        except Problem as problem:
            if problem.code != "tenant_not_found":
                raise
            log.info("Dropped what WhatsApp sent for a tenant that has been deleted")


async def _find_new(
    tx: Prisma, channel: WhatsAppChannel, messages: Sequence[Message]
) -> list[Message]:
    """Return the messages that have no turn yet; none if the channel has been deleted."""
    if not messages:
        return []
    ids = [message.id for message in messages]
    rows = await tx.query_raw(_FIND_NEW, channel.tenantId, channel.id, ids)
    new = {row["id"] for row in rows}
    return [message for message in messages if message.id in new]


async def _append(tx: Prisma, channel: WhatsAppChannel, messages: Sequence[Message]) -> None:
    """Append messages to their senders' conversations with the channel."""
    tenant = TenantId(channel.tenantId)
    found = await find_or_create(tx, tenant, [message.sender for message in messages])
    contacts = [contact.id for contact in found]
    conversations = await _find_or_create_conversations(tx, channel, contacts)
    turns = [
        TurnToAppend(
            id=new_uuid7(),
            conversation=conversations[contact],
            author=TurnAuthor.CONTACT,
            text=message.text,
            at=message.at,
            externalId=message.id,
            data=message.data,
        )
        for message, contact in zip(messages, contacts, strict=True)
    ]
    await append(tx, tenant, turns)


async def _find_or_create_conversations(
    tx: Prisma, channel: WhatsAppChannel, contacts: Sequence[str]
) -> dict[str, str]:
    """Return the ids of the contacts' conversations with the channel, locked, by contact."""
    wanted = sorted(set(contacts))
    rows = await tx.query_raw(_LOCK_CONVERSATIONS, channel.tenantId, channel.id, wanted)
    known: dict[str, str] = {row["contactId"]: row["id"] for row in rows}
    new = {contact: new_uuid7() for contact in wanted if contact not in known}
    if new:
        await tx.conversation.create_many(
            data=[
                {
                    "id": id_,
                    **in_tenant(TenantId(channel.tenantId)),
                    "channel": Channel.WHATSAPP,
                    "whatsAppChannelId": channel.id,
                    "contactId": contact,
                }
                for contact, id_ in new.items()
            ]
        )
    return known | new


async def _advance(tx: Prisma, tenant: TenantId, statuses: Mapping[str, Status]) -> None:
    """Move the statuses of messages forward; older and repeated ones change nothing."""
    given: Any = [
        {"externalId": id_, "status": each.status, "at": each.at.isoformat()}
        for id_, each in sorted(statuses.items())
    ]
    await tx.execute_raw(_ADVANCE, tenant, Json(given))


def latest(statuses: Sequence[Status]) -> dict[str, Status]:
    """Return the status that each message has in the end, by its id."""
    found: dict[str, Status] = {}
    for each in statuses:
        before = found.get(each.id)
        if before is None or _follows(before.status, each.status):
            found[each.id] = each
    return found


def _follows(before: TurnStatus, after: TurnStatus) -> bool:
    """Return whether a status moves forward. What has arrived cannot fail any more."""
    is_later = _ORDER.index(after) > _ORDER.index(before)
    return is_later and (after is not TurnStatus.FAILED or before is TurnStatus.SENT)
