"""Stored secrets for tests, written as the owner of the tables."""

import uuid
from typing import Any

from prisma import Json, Prisma

from app.encryption import Encryption, Place, SecretColumn, open_field
from app.kit.encryption_keys import key_id
from app.kit.ids import new_uuid7

OLD, NEW, LOST = b"o" * 32, b"n" * 32, b"l" * 32
OLD_ID, NEW_ID, LOST_ID = map(key_id, (OLD, NEW, LOST))


async def make_tenant(owner: Prisma) -> str:
    """Create a tenant; return its id."""
    return (await owner.tenant.create({"name": "Studio"})).id


def sip_place(tenant: str, row: str) -> Place:
    """Return the place of the secret of a phone number."""
    return Place(tenant, SecretColumn.SIP_CREDENTIALS, row, "secret")


async def store_secrets(owner: Prisma, tenant: str, count: int, *, key: bytes = OLD) -> list[str]:
    """Create phone numbers whose secret is their number; return their ids in order."""
    encryption = Encryption([key])
    ids = [new_uuid7() for _ in range(count)]
    await owner.phonenumber.create_many(
        [
            {
                "id": id_,
                "tenantId": tenant,
                "number": f"+49{uuid.uuid4().int % 10**12:012}",
                "sipCredentials": Json(
                    {
                        "user": "studio",
                        "secret": {
                            "ciphertext": encryption.seal(id_, sip_place(tenant, id_)),
                            "setAt": "2026-12-01T00:00:00+00:00",
                        },
                    }
                ),
            }
            for id_ in ids
        ]
    )
    return sorted(ids)


async def read_secrets(owner: Prisma, *keys: bytes) -> dict[str, str]:
    """Return the secret of each phone number by its id, decrypted with these keys."""
    encryption = Encryption(keys)
    found: dict[str, str] = {}
    for row in await owner.phonenumber.find_many():
        stored: Any = row.sipCredentials
        found[row.id] = open_field(encryption, stored, sip_place(row.tenantId, row.id))
    return found


async def registered(owner: Prisma) -> set[str]:
    """Return the ids of the keys that the database knows to be needed."""
    return {key.id for key in await owner.encryptionkey.find_many()}
