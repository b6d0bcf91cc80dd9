"""Ids: UUIDs, of version 7 so that they grow with time."""

import re
import secrets
import time
import uuid

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID as the API writes it: one row, one address."""
    return _UUID.fullmatch(text) is not None


def new_uuid7() -> str:
    """An id that has to be known before its row is made; Prisma makes the others."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return str(uuid.UUID(int=value | 0b10 << 62 | secrets.randbits(62)))
