"""Global roles and capabilities: what others need to require one."""

from app.access.capabilities import Capability, capabilities_of
from app.access.errors import capability_missing
from app.access.scope import (
    CapableCaller,
    TenantsManager,
    require_capabilities,
    require_capability,
)
from app.access.transactions import capability_transaction

__all__ = [
    "Capability",
    "CapableCaller",
    "TenantsManager",
    "capabilities_of",
    "capability_missing",
    "capability_transaction",
    "require_capabilities",
    "require_capability",
]
