"""Tenants, whose users have log-ins of their own: the helpers that others build on."""

from app.tenancy import record_event
from app.tenants.errors import tenant_not_found
from app.tenants.hosts import is_public_host, normalize_domain
from app.tenants.links import mail_first_link
from app.tenants.locks import lock_tenant
from app.tenants.membership import InTenant, TenantId, in_tenant, role_in
from app.tenants.rights import TENANT_ROLES
from app.tenants.scope import TenantAdminScope, TenantScope, TenantStaffScope
from app.tenants.transactions import TenantTransaction, tenant_transaction

__all__ = [
    "TENANT_ROLES",
    "InTenant",
    "TenantAdminScope",
    "TenantId",
    "TenantScope",
    "TenantStaffScope",
    "TenantTransaction",
    "in_tenant",
    "is_public_host",
    "lock_tenant",
    "mail_first_link",
    "normalize_domain",
    "record_event",
    "role_in",
    "tenant_not_found",
    "tenant_transaction",
]
