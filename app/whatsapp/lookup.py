"""Channels as Meta's requests name them, before it is known which tenant they concern.

Each lookup runs in a scope of its own, which shows the channel that the key belongs to and no other
row. Whoever proves to be Meta by the channel's secret goes on in the scope of its tenant.
"""

from collections.abc import Sequence

from prisma.models import WhatsAppChannel

from app.auth import hash_secret
from app.database.scope import use_scope
from app.db import prisma
from app.encryption import Encryption, Place, SecretColumn, open_field


def hash_verify_token(token: str) -> str:
    """Return what is stored of a verify token, to find its channel."""
    return hash_secret(token)


async def find_by_number_ids(phone_number_ids: Sequence[str]) -> list[WhatsAppChannel]:
    """Return the channels of numbers by Meta's ids of them; other ids have none."""
    with use_scope(key=",".join(phone_number_ids)):
        return await prisma.whatsappchannel.find_many(
            where={"phoneNumberId": {"in": list(phone_number_ids)}}
        )


async def find_by_verify_token(token: str) -> WhatsAppChannel | None:
    """Return a channel with a verify token, or None. Several may have the same one."""
    key = hash_verify_token(token)
    with use_scope(key=key):
        return await prisma.whatsappchannel.find_first(where={"verifyTokenHash": key})


def open_app_secret(encryption: Encryption, channel: WhatsAppChannel) -> str:
    """Return the secret with which Meta signs notifications; raise UnreadableSecret."""
    return _open(encryption, channel, "appSecret")


def open_verify_token(encryption: Encryption, channel: WhatsAppChannel) -> str:
    """Return the token with which Meta verifies the webhook; raise UnreadableSecret."""
    return _open(encryption, channel, "verifyToken")


def _open(encryption: Encryption, channel: WhatsAppChannel, field: str) -> str:
    place = Place(channel.tenantId, SecretColumn.WHATSAPP_CONFIG, channel.id, field)
    return open_field(encryption, channel.waCloudApiConfig, place)
