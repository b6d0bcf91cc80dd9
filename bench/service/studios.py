"""The benchmark's tenants: studios with conversations of several lengths and WhatsApp contacts."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.auth.tokens import TenantClaims, Tokens
from app.encryption import Encryption, Place, SecretColumn
from bench.database import Database
from bench.errors import BenchError
from bench.service import data
from bench.service.data import row_id

SEED = Path(__file__).with_name("studios.sql")
STUDIOS = 100  # a load appends about a dozen turns to a conversation of each
LENGTHS = (10, 1_000, 10_000)  # the turns of the conversations that are appended to
CONTACTS = 20  # of each studio
MESSAGES = 20  # of each contact: together more than the service stores during a load
APP_SECRET = "the secret of a benchmark's app"  # noqa: S105  # it protects nothing
_SET_AT = "2026-12-01T00:00:00Z"
_FIRST_NUMBER, _FIRST_PHONE = 1_000_000, 4915110000000
_VACUUM = """
    VACUUM (FREEZE, ANALYZE) "ConversationTurn"; VACUUM (FREEZE, ANALYZE) "Conversation";
    ANALYZE "Tenant"; ANALYZE "TenantUser"; ANALYZE "TenantSession"; ANALYZE "Contact";
    ANALYZE "WhatsAppChannel"; ANALYZE bench.conversation;
"""
_RESET = """
    DELETE FROM "ConversationTurn" AS turn USING bench.conversation AS seeded
    WHERE turn."tenantId" = seeded."tenantId" AND turn."conversationId" = seeded.id
        AND turn.position > seeded."turnCount";
    UPDATE "Conversation" AS grown SET transcript = seeded.transcript,
        "turnCount" = seeded."turnCount", "lastTurnAt" = seeded."lastTurnAt"
    FROM bench.conversation AS seeded
    WHERE grown.id = seeded.id AND grown."turnCount" <> seeded."turnCount";
    VACUUM ANALYZE "ConversationTurn"; VACUUM ANALYZE "Conversation";
"""


@dataclass(frozen=True)
class Studio:
    """A tenant, and the access token of a user who is staff."""

    number: int
    tenant: str
    token: str

    def conversation(self, length: int) -> str:
        """Return the id of its conversation that has this many turns."""
        return row_id(f"turns{length}-", self.number)


@dataclass(frozen=True)
class Notification:
    """A signed notification of the WhatsApp webhook."""

    body: str

    @property
    def signature(self) -> str:
        digest = hmac.digest(APP_SECRET.encode(), self.body.encode(), "sha256")
        return f"X-Hub-Signature-256:sha256={digest.hex()}"


def fill(database: Database) -> None:
    """Add the studios to the service's data."""
    database.sql(seed(Encryption([data.ENCRYPTION_KEY])) + _VACUUM, data.NAME)


def reset(database: Database) -> None:
    """Delete the turns that the routes have appended; the service stays connected."""
    database.sql(_RESET, data.NAME)


def require_messages(database: Database, count: int) -> None:
    """Raise BenchError unless the webhook has stored this many messages.

    Messages that it drops and those that it knows already get the same response.
    """
    query = 'SELECT count(*) FROM "ConversationTurn" WHERE "externalId" IS NOT NULL'
    stored = database.value(query, data.NAME)
    if stored < count:
        raise BenchError(f"The webhook has stored only {stored} of {count} messages.")


def studios(tokens: Tokens | None = None, count: int = STUDIOS) -> list[Studio]:
    """Return the studios with tokens."""
    with data.signing(tokens) as tokens:
        return [
            Studio(number, _tenant(number), tokens.tenant(_claims(number)))
            for number in range(count)
        ]


def notifications(count: int = STUDIOS * CONTACTS) -> Iterator[Notification]:
    """Yield notifications of messages with ids of their own, from the first known contacts."""
    for contact in range(count):
        for message in range(MESSAGES):
            yield Notification(json.dumps(_payload(contact, f"wamid.{contact}.{message}")))


def seed(encryption: Encryption, count: int = STUDIOS) -> str:
    """Return the statements that add studios to a migrated database."""
    text = SEED.read_text(encoding="utf-8")
    for name, value in (
        ("studios", count),
        ("lengths", ",".join(map(str, LENGTHS))),
        ("contacts", CONTACTS),
        ("key", encryption.ids[0]),
        ("configs", json.dumps([_config(encryption, number) for number in range(count)])),
    ):
        text = text.replace(f":{name}", str(value))
    return text


def _tenant(number: int) -> str:
    return row_id("tenant", number)


def _claims(number: int) -> TenantClaims:
    return TenantClaims(row_id("staff", number), row_id("login", number), _tenant(number))


def _config(encryption: Encryption, number: int) -> dict[str, Any]:
    """Return what is stored of the secrets of a studio's channel."""
    column, row = SecretColumn.WHATSAPP_CONFIG, row_id("channel", number)
    place = Place(_tenant(number), column, row, "appSecret")
    return {"appSecret": {"ciphertext": encryption.seal(APP_SECRET, place), "setAt": _SET_AT}}


def _payload(contact: int, message: str) -> dict[str, Any]:
    """Return what Meta sends for a text message of a contact."""
    number, phone = str(_FIRST_NUMBER + contact // CONTACTS), str(_FIRST_PHONE + contact)
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": f"4930{number}", "phone_number_id": number},
        "contacts": [{"profile": {"name": f"Contact {contact}"}, "wa_id": phone}],
        "messages": [
            {
                "from": phone,
                "id": message,
                "timestamp": "1764000000",
                "type": "text",
                "text": {"body": "Is there a place left in the training on Monday at 18:00?"},
            }
        ],
    }
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}
