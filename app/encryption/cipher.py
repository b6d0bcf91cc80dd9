"""Encryption of secrets with AES-256-GCM; docs/secrets.md describes the format.

A stored value is "<key id>.<base64url of nonce, ciphertext and tag>". Its place is associated data:
moved to another tenant, table, row or field, it does not open.
"""

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Request

from app.encryption.columns import SecretColumn
from app.kit.encryption_keys import is_key_id, key_id
from app.settings import Settings

# NIST SP 800-38D: random nonces of 96 bits allow 2^32 messages for each key.
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret is stored: a field of a row's JSON column."""

    tenant: str
    column: SecretColumn
    row: str
    field: str

    def __str__(self) -> str:
        """Name the place in a log; it tells no secret."""
        return f"{self.column.table}.{self.column.column}.{self.field} of the row {self.row}"

    @property
    def associated_data(self) -> bytes:
        """Return what the ciphertext is bound to. No part can contain the separator."""
        field = f"{self.column.column}.{self.field}"
        return "\0".join((self.tenant, self.column.table, self.row, field)).encode()


class UnreadableSecret(Exception):  # noqa: N818  (a state of the stored value)
    """A stored secret cannot be decrypted, which an operator has to correct.

    The message names the place, the key's id and the reason, and no value.
    """

    def __init__(self, place: Place, key: str, reason: str) -> None:
        super().__init__(f"{place} cannot be decrypted: {reason}")
        self.place = place
        self.key = key


class Encryption:
    """Encrypts with the first configured key; decrypts with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.ids = tuple(map(key_id, keys))
        self._ciphers = {id_: AESGCM(key) for id_, key in zip(self.ids, keys, strict=True)}

    @classmethod
    def of(cls, settings: Settings) -> "Encryption":
        """Return the encryption with the keys of ENCRYPTION_KEY."""
        return cls([key.get_secret_value() for key in settings.encryption_key])

    def seal(self, text: str, place: Place) -> str:
        """Return the value to store for a secret."""
        nonce, id_ = secrets.token_bytes(NONCE_BYTES), self.ids[0]
        sealed = self._ciphers[id_].encrypt(nonce, text.encode(), place.associated_data)
        return f"{id_}.{base64.urlsafe_b64encode(nonce + sealed).decode().rstrip('=')}"

    def open(self, value: str, place: Place) -> str:
        """Return the secret of a stored value; raise UnreadableSecret if it does not open."""
        id_, _, encoded = value.partition(".")
        if not is_key_id(id_):
            raise UnreadableSecret(place, "none", "the value names no key")
        cipher = self._ciphers.get(id_)
        if cipher is None:
            raise UnreadableSecret(place, id_, f"ENCRYPTION_KEY lacks the key {id_}")
        try:
            sealed = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            text = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.associated_data)
        except (binascii.Error, ValueError, InvalidTag):
            reason = f"the key {id_} does not authenticate the value in this place"
            raise UnreadableSecret(place, id_, reason) from None
        return text.decode()

    def renew(self, value: str, place: Place) -> str:
        """Return the value for the first key; raise UnreadableSecret if it does not open."""
        id_ = value.partition(".")[0]
        return value if id_ == self.ids[0] else self.seal(self.open(value, place), place)


async def _encryption(request: Request) -> Encryption:
    return request.app.state.encryption


CurrentEncryption = Annotated[Encryption, Depends(_encryption)]
