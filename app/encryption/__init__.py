"""Secrets at rest: encrypted, bound to their place, never shown."""

from app.encryption.cipher import CurrentEncryption, Encryption, Place, UnreadableSecret
from app.encryption.columns import SecretColumn
from app.encryption.errors import install
from app.encryption.fields import Secret, SecretView, open_field, seal_fields
from app.encryption.keys_in_use import describe_missing_keys, find_missing_keys

__all__ = [
    "CurrentEncryption",
    "Encryption",
    "Place",
    "Secret",
    "SecretColumn",
    "SecretView",
    "UnreadableSecret",
    "describe_missing_keys",
    "find_missing_keys",
    "install",
    "open_field",
    "seal_fields",
]
