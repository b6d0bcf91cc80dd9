"""The roles of a tenant in their order."""

from prisma.enums import TenantUserRole

from app.tenancy import RoleOrder

TENANT_ROLES = RoleOrder(TenantUserRole.ADMIN, TenantUserRole.STAFF, noun="tenant")
