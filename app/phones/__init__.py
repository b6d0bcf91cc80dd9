"""Phone numbers of tenants, and the statuses that WhatsApp channels share with them."""

from app.phones.errors import number_taken
from app.phones.statuses import require_transition

__all__ = ["number_taken", "require_transition"]
