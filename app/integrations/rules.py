"""Integrations: setting, listing, activating and deleting them."""

from typing import TypeVar

from prisma import Json, Prisma
from prisma.enums import TenantIntegrationType, TenantUserRole
from prisma.models import TenantIntegration

from app.db import prisma
from app.encryption import Encryption, SecretColumn, seal_fields
from app.integrations.configs import IntegrationConfig
from app.integrations.errors import integration_not_found, type_mismatch
from app.integrations.schemas import IntegrationList, IntegrationSummary, IntegrationView
from app.kit.ids import new_uuid7
from app.tenants import TenantScope, in_tenant, tenant_transaction

ViewT = TypeVar("ViewT", bound=IntegrationSummary)


async def list_integrations(scope: TenantScope) -> IntegrationList:
    """Return the integrations of the tenant without their configs, newest first."""
    # There is one of each type, so the list needs no pages.
    rows = await prisma.tenantintegration.find_many(
        where={**in_tenant(scope.id)}, order={"id": "desc"}
    )
    return IntegrationList(items=[_view(IntegrationSummary, row) for row in rows])


async def read(scope: TenantScope, *, type_: str) -> IntegrationView:
    """Return an integration of the tenant with its config."""
    return _view(IntegrationView, await _find(prisma, scope, _parse(type_)))


async def put(
    scope: TenantScope, encryption: Encryption, config: IntegrationConfig, *, type_: str
) -> IntegrationView:
    """Create an integration, or replace its config as a whole."""
    type_ = _parse(type_)
    if config.type != type_:
        raise type_mismatch()
    # The lock on the tenant keeps others from creating the same.
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        former = await _read(transaction.tx, scope, type_)
        id_ = former.id if former else new_uuid7()
        column = SecretColumn.INTEGRATION_CONFIG
        stored = Json(seal_fields(encryption, config, tenant=scope.id, column=column, row=id_))
        table = transaction.tx.tenantintegration
        if former:
            row = await table.update(where={"id": id_}, data={"config": stored})
        else:
            row = await table.create(
                {**in_tenant(scope.id), "id": id_, "type": type_, "config": stored}
            )
        action = "integration.replaced" if former else "integration.created"
        await transaction.record(action, subject=id_, type=type_)
    return _view(IntegrationView, row)


async def change(scope: TenantScope, *, type_: str, active: bool) -> IntegrationView:
    """Activate or deactivate an integration."""
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        found = await _find(transaction.tx, scope, _parse(type_))
        row = await transaction.tx.tenantintegration.update(
            where={"id": found.id}, data={"active": active}
        )
        if found.active != active:
            action = "integration.activated" if active else "integration.deactivated"
            await transaction.record(action, subject=found.id, type=found.type)
    return _view(IntegrationView, row)


async def delete(scope: TenantScope, *, type_: str) -> None:
    """Delete an integration with its secrets."""
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        found = await _find(transaction.tx, scope, _parse(type_))
        await transaction.tx.tenantintegration.delete_many(
            where={**in_tenant(scope.id), "id": found.id}
        )
        await transaction.record("integration.deleted", subject=found.id, type=found.type)


def _parse(type_: str) -> TenantIntegrationType:
    """Return the type that a path names; raise 404 if there is no such one."""
    try:
        return TenantIntegrationType(type_)
    except ValueError:
        raise integration_not_found() from None


async def _read(
    tx: Prisma, scope: TenantScope, type_: TenantIntegrationType
) -> TenantIntegration | None:
    return await tx.tenantintegration.find_unique(
        where={"tenantId_type": {**in_tenant(scope.id), "type": type_}}
    )


async def _find(tx: Prisma, scope: TenantScope, type_: TenantIntegrationType) -> TenantIntegration:
    """Return an integration of the tenant; raise 404 if there is no such one."""
    found = await _read(tx, scope, type_)
    if found is None:
        raise integration_not_found()
    return found


def _view(view: type[ViewT], row: TenantIntegration | None) -> ViewT:
    """Return what is shown of an integration; raise 404 if it was deleted meanwhile."""
    if row is None:
        raise integration_not_found()
    return view.model_validate(row, from_attributes=True)
