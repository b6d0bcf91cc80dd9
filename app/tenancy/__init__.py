"""What tenancies of all kinds share: scopes, transactions, locks and the order of roles."""

from app.tenancy import invitations, recipients, transfers
from app.tenancy.locks import lock_user
from app.tenancy.membership import end_memberships, joined_after
from app.tenancy.roles import RoleOrder
from app.tenancy.scope import MembershipScope, TenancyScope
from app.tenancy.transactions import TenancyTransaction, open_transaction, record_event

__all__ = [
    "MembershipScope",
    "RoleOrder",
    "TenancyScope",
    "TenancyTransaction",
    "end_memberships",
    "invitations",
    "joined_after",
    "lock_user",
    "open_transaction",
    "recipients",
    "record_event",
    "transfers",
]
