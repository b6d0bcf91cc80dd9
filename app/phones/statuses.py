"""The statuses of a connection to the outside: PENDING -> ACTIVE -> DISCONNECTED -> ACTIVE.

Phone numbers and WhatsApp channels have enums of their own with the same values.
"""

from collections.abc import Mapping
from types import MappingProxyType

from prisma.enums import PhoneStatus, WhatsAppStatus

from app.phones.errors import illegal_transition

_NEXT: Mapping[str, str] = MappingProxyType(
    {"PENDING": "ACTIVE", "ACTIVE": "DISCONNECTED", "DISCONNECTED": "ACTIVE"}
)


def require_transition(before: str, after: PhoneStatus | WhatsAppStatus) -> None:
    """Raise 409 unless a status may follow another. `before` must be locked until it is written."""
    if _NEXT[before] != after:
        raise illegal_transition(before, after.value)
