"""Ids: UUIDs of version 7, which sort by the time of their creation."""

import re
import secrets
import time
import uuid
from datetime import UTC, datetime, timedelta

# Before and after every id of a row.
FIRST_UUID, LAST_UUID = str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1))
_EPOCH = datetime.fromtimestamp(0, UTC)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID in the one form that the API writes: a row has one URL."""
    return _UUID.fullmatch(text) is not None


def new_uuid7() -> str:
    """Return an id that is needed before its row is created; Prisma generates the others."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return str(uuid.UUID(int=value | 0b10 << 62 | secrets.randbits(62)))


def last_uuid7(moment: datetime) -> str:
    """Return the greatest id of a moment's millisecond: later ids are greater."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return str(uuid.UUID(int=(milliseconds + 1 << 80) - 1))
