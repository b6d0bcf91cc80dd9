"""What goes over the wire about the log-ins of a tenant's users."""

from prisma.partials import OwnTenantSession, TenantUserView, TenantView
from pydantic import BaseModel


class TenantAccount(TenantUserView):
    """The calling user, with their tenant."""

    tenant: TenantView


class TenantSessionView(OwnTenantSession):
    """A session of the caller; `current` marks the one that this request belongs to."""

    current: bool


class LinkRequested(BaseModel):
    """The same answer whether or not the address has an account: only its mailbox tells."""

    detail: str = "If the tenant has a user of this address, a mail is on its way."
