"""Global roles and capabilities: what others need to require one."""

from app.access.capabilities import Capability, capabilities_of
from app.access.errors import capability_missing
from app.access.scope import CapableCaller, require_capabilities, require_capability

__all__ = [
    "Capability",
    "CapableCaller",
    "capabilities_of",
    "capability_missing",
    "require_capabilities",
    "require_capability",
]
