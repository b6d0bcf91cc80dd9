"""HTTP routes of a tenant's integrations."""

from typing import Annotated

from fastapi import Body, Path

from app.encryption import CurrentEncryption
from app.http.description import domain_router
from app.integrations import rules
from app.integrations.configs import IntegrationConfig
from app.integrations.schemas import IntegrationChange, IntegrationList, IntegrationView
from app.tenants import TenantAdminScope, TenantStaffScope

router = domain_router()
_ALL = "/tenants/{tenantId}/integrations"
_ONE = f"{_ALL}/{{integrationType}}"

# Whatever is no type is a 404.
IntegrationType = Annotated[
    str,
    Path(
        alias="integrationType",
        description="`MAGICLINE`, `FITOGRAM`, `GOOGLE_CALENDAR` or `CSV`.",
    ),
]


@router.get(_ONE, tags=["tenants: integrations"])
async def read_integration(
    scope: TenantAdminScope, integration_type: IntegrationType
) -> IntegrationView:
    """Return an integration with its config; of each secret only when it was set."""
    return await rules.read(scope, type_=integration_type)


@router.get(_ALL, tags=["tenants: integrations"])
async def list_integrations(scope: TenantStaffScope) -> IntegrationList:
    """List which integrations exist and are active: at most one of each type, newest first."""
    return await rules.list_integrations(scope)


@router.put(_ONE, tags=["tenants: integrations"])
async def put_integration(
    scope: TenantAdminScope,
    integration_type: IntegrationType,
    body: Annotated[IntegrationConfig, Body()],
    encryption: CurrentEncryption,
) -> IntegrationView:
    """Create the integration, or replace its config as a whole, secrets included."""
    return await rules.put(scope, encryption, body, type_=integration_type)


@router.patch(_ONE, tags=["tenants: integrations"])
async def change_integration(
    scope: TenantAdminScope, integration_type: IntegrationType, body: IntegrationChange
) -> IntegrationView:
    """Activate or deactivate the integration."""
    return await rules.change(scope, type_=integration_type, active=body.active)


@router.delete(_ONE, tags=["tenants: integrations"], status_code=204)
async def delete_integration(scope: TenantAdminScope, integration_type: IntegrationType) -> None:
    """Delete the integration with its secrets."""
    await rules.delete(scope, type_=integration_type)
