"""HTTP routes of tenants, for who manages all of them, and of the users inside of one."""

from typing import Annotated

from fastapi import Body, Path, Query
from prisma.partials import TenantUserView, TenantView

from app import audit
from app.access import TenantsManager
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.http.requests import CurrentSettings, UserId
from app.tenants import rules, users
from app.tenants.schemas import NewTenant, NewTenantUser, TenantChange, TenantUserChange
from app.tenants.scope import TenantAdminScope, TenantStaffScope

router = domain_router()
TENANT = "/tenants/{tenantId}"

TenantParameter = Annotated[str, Path(alias="tenantId", description="A UUID.")]
Confirm = Annotated[bool, Query(description="Required to delete your own user.")]


@router.post("/tenants", tags=["tenants"], status_code=201, responses=problems(409, 429))
async def create_tenant(
    caller: TenantsManager, body: NewTenant, settings: CurrentSettings
) -> TenantView:
    """Create a tenant. Its first administrator gets a link to set a password by mail."""
    return await rules.create(caller, body, settings)


@router.get("/tenants", tags=["tenants"])
async def list_tenants(_: TenantsManager, pages: Pagination) -> Page[TenantView]:
    """List all tenants, newest first."""
    return await rules.list_all(pages)


@router.get(TENANT, tags=["tenants"], responses=problems(404))
async def read_tenant(_: TenantsManager, tenant_id: TenantParameter) -> TenantView:
    """Return a tenant."""
    return await rules.read(tenant_id)


@router.patch(TENANT, tags=["tenants"], responses=problems(404, 409))
async def change_tenant(
    caller: TenantsManager,
    tenant_id: TenantParameter,
    body: Annotated[TenantChange, Body()],
    settings: CurrentSettings,
) -> TenantView:
    """Change the name or the domain; omitted fields stay unchanged, null removes the domain."""
    return await rules.change(caller, tenant=tenant_id, changed=body, settings=settings)


@router.delete(TENANT, tags=["tenants"], status_code=204, responses=problems(404))
async def delete_tenant(caller: TenantsManager, tenant_id: TenantParameter) -> None:
    """Delete a tenant with everything in it: users, conversations, plans and the rest."""
    await rules.delete(caller, tenant=tenant_id)


@router.get(f"{TENANT}/users", tags=["tenants: users"])
async def list_tenant_users(scope: TenantStaffScope, pages: Pagination) -> Page[TenantUserView]:
    """List the users of the tenant, newest first."""
    return await users.list_users(scope, pages)


@router.post(
    f"{TENANT}/users", tags=["tenants: users"], status_code=201, responses=problems(409, 429)
)
async def create_tenant_user(
    scope: TenantAdminScope, body: NewTenantUser, settings: CurrentSettings
) -> TenantUserView:
    """Create a user, who gets a link to set a password by mail."""
    return await users.create(
        scope, email=body.email, role=body.role, public_url=settings.public_url
    )


@router.patch(f"{TENANT}/users/{{userId}}", tags=["tenants: users"], responses=problems(409))
async def change_tenant_user(
    scope: TenantAdminScope, user_id: UserId, body: Annotated[TenantUserChange, Body()]
) -> TenantUserView:
    """Change the role or the address of a user; omitted fields stay unchanged.

    Another address ends the sessions of the user, and the links that were mailed to the former one.
    """
    return await users.change(scope, user=user_id, changed=body)


@router.delete(
    f"{TENANT}/users/{{userId}}",
    tags=["tenants: users"],
    status_code=204,
    responses=problems(409),
)
async def delete_tenant_user(
    scope: TenantAdminScope, user_id: UserId, confirm: Confirm = False
) -> None:
    """Delete a user. Workout plans for them remain, for nobody in particular."""
    await users.delete(scope, user=user_id, is_confirmed=confirm)


@router.post(
    f"{TENANT}/users/{{userId}}/password-link",
    tags=["tenants: users"],
    status_code=204,
    responses=problems(429),
)
async def mail_tenant_user_link(
    scope: TenantAdminScope, user_id: UserId, settings: CurrentSettings
) -> None:
    """Mail a user another link to set a password."""
    await users.mail_link(scope, user=user_id, public_url=settings.public_url)


@router.get(f"{TENANT}/audit-events", tags=["tenants: audit"])
async def list_tenant_audit_events(
    scope: TenantAdminScope, pages: Pagination
) -> Page[audit.AuditEntry]:
    """List the events of the tenant's audit trail, newest first."""
    return await audit.entries(pages, **scope.trail)
