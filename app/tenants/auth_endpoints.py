"""The log-ins of a tenant's users over HTTP, and their own accounts."""

from app.http.description import domain_router
from app.tenants.account_schemas import TenantAccount
from app.tenants.scope import TenantStaffScope

router = domain_router()
TENANT = "/tenants/{tenantId}"


@router.get(f"{TENANT}/me", tags=["tenants: me"])
async def read_me_in_tenant(scope: TenantStaffScope) -> TenantAccount:
    """Return your account, with the tenant that it belongs to."""
    return TenantAccount.model_validate(scope.user, from_attributes=True)
