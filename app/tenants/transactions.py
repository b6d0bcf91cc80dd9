"""The transaction in which the users of a tenant, or what depends on their roles, are changed."""

from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from prisma.enums import TenantUserRole

from app.tenancy import TenancyTransaction, open_transaction
from app.tenants.scope import TenantScope

TenantTransaction: TypeAlias = TenancyTransaction[TenantScope, TenantUserRole]


def tenant_transaction(
    scope: TenantScope, *, min_role: TenantUserRole
) -> AbstractAsyncContextManager[TenantTransaction]:
    """Open a transaction that locks the tenant; require the caller to still hold `min_role`."""
    return open_transaction(scope, min_role=min_role)
