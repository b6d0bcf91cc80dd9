"""What goes over the wire about the own account of a tenant's user."""

from prisma.partials import TenantUserView, TenantView


class TenantAccount(TenantUserView):
    """The calling user, with their tenant."""

    tenant: TenantView
