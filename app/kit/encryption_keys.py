"""Encryption keys as operators write them, and the ids by which stored values name them."""

import base64
import binascii
import hashlib
import re

KEY_BYTES = 32
_ID_LENGTH = 8
_TO_STANDARD = str.maketrans("-_", "+/")
_ID = re.compile(r"[0-9a-f]{8}")


def parse_key(text: str) -> bytes:
    """Return the key that a text in base64 contains, of either alphabet, with or without padding.

    Raise ValueError, without the text, unless it is a key.
    """
    standard = text.translate(_TO_STANDARD).rstrip("=")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"takes keys of {KEY_BYTES} bytes, each written in base64")
    return key


def key_id(key: bytes) -> str:
    """Return the id of a key, which tells nothing about it."""
    return hashlib.sha256(key).hexdigest()[:_ID_LENGTH]


def is_key_id(text: str) -> bool:
    """Return whether a text has the form of a key's id."""
    return _ID.fullmatch(text) is not None
