"""Tenants, as who manages all of them sees them: creating, listing, changing and deleting them.

Managers see no content of a tenant. Only for the statements of a change do they enter its scope:
the event belongs to its trail, and its first administrator is one of its users.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from prisma import Prisma
from prisma.actions import TenantActions
from prisma.enums import TenantUserRole
from prisma.errors import UniqueViolationError
from prisma.partials import TenantView
from prisma.types import TenantUpdateInput, TenantWhereInput

from app import audit, mail
from app.access import Capability, CapableCaller, capability_transaction
from app.auth.errors import not_signed_in
from app.database.scope import use_scope
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import is_uuid, new_uuid7
from app.settings import Settings
from app.tenancy import lock_user
from app.tenants import links
from app.tenants.errors import domain_not_allowed, domain_taken, tenant_not_found
from app.tenants.hosts import is_public_host
from app.tenants.locks import lock_tenant
from app.tenants.membership import TenantId
from app.tenants.schemas import NewTenant, TenantChange
from app.tenants.users import add as add_user
from app.tenants.users import end_sessions

_LIST = "tenants"
_tenants = TenantActions(prisma, TenantView)


async def create(caller: CapableCaller, new: NewTenant, settings: Settings) -> TenantView:
    """Create a tenant with its first administrator, who gets a link to set a password."""
    _require_allowed(new.domain, settings)
    email = new.administrator.email
    await links.count_mail(sender=caller.user.id, email=email)
    id_ = TenantId(new_uuid7())  # before the row, because the scope that may fill it names it
    async with _transaction(caller, id_) as tx:
        if not await lock_user(tx, caller.user.id):
            raise not_signed_in()
        try:
            tenant = await TenantActions(tx, TenantView).create(
                {
                    "id": id_,
                    "name": new.name,
                    "domain": new.domain,
                    "createdById": caller.user.id,
                }
            )
        except UniqueViolationError:
            raise domain_taken() from None
        await _record(tx, caller, "tenant.created", id_, name=new.name, domain=new.domain)
        await add_user(
            tx,
            tenant,
            actor=caller.user.id,
            email=email,
            role=TenantUserRole.ADMIN,
            public_url=settings.public_url,
        )
    mail.wake_sender()
    return tenant


async def list_all(pages: PageRequest) -> Page[TenantView]:
    """Return all tenants, the newest first."""
    where: TenantWhereInput = {}
    if after := pages.after(_LIST):
        where["id"] = {"lt": after}
    rows = await _tenants.find_many(where=where, order={"id": "desc"}, take=pages.take + 1)
    return pages.page(_LIST, rows)


async def read(tenant: str) -> TenantView:
    """Return a tenant; raise 404."""
    found = await _tenants.find_unique(where={"id": _parse(tenant)})
    if found is None:
        raise tenant_not_found()
    return found


async def change(
    caller: CapableCaller, *, tenant: str, changed: TenantChange, settings: Settings
) -> TenantView:
    """Rename a tenant, or give it another domain or none."""
    _require_allowed(changed.get("domain"), settings)
    id_ = _parse(tenant)
    async with _transaction(caller, id_) as tx:
        await lock_tenant(tx, id_)
        actions = TenantActions(tx, TenantView)
        before = await actions.find_unique_or_raise(where={"id": id_})
        try:
            after = await actions.update(where={"id": id_}, data=TenantUpdateInput(**changed))
        except UniqueViolationError:
            raise domain_taken() from None
        assert after is not None, "the lock keeps it"  # noqa: S101
        if differing := [name for name in changed if getattr(before, name) != changed[name]]:
            old = {name: getattr(before, name) for name in differing}
            new = {name: getattr(after, name) for name in differing}
            await _record(tx, caller, "tenant.changed", id_, before=old, **new)
    return after


async def delete(caller: CapableCaller, *, tenant: str) -> None:
    """Delete a tenant with everything in it, except its audit trail."""
    id_ = _parse(tenant)
    async with _transaction(caller, id_) as tx:
        await lock_tenant(tx, id_)
        found = await TenantActions(tx, TenantView).find_unique_or_raise(where={"id": id_})
        await _record(tx, caller, "tenant.deleted", id_, name=found.name, domain=found.domain)
        await end_sessions(tx, None)
        await tx.tenant.delete_many(where={"id": id_})


@asynccontextmanager
async def _transaction(caller: CapableCaller, tenant: TenantId) -> AsyncGenerator[Prisma]:
    """Open a transaction in a tenant's scope; require the caller to still manage tenants."""
    capability = Capability.TENANTS_MANAGE
    with use_scope(user=caller.user.id, tenant=tenant, capability=capability):
        async with capability_transaction(caller, capability) as tx:
            yield tx


async def _record(
    tx: Prisma, caller: CapableCaller, action: str, tenant: TenantId, **details: Any
) -> None:
    """Write an event about a tenant to its own trail."""
    await audit.record(tx, action, actor=caller.user.id, tenant=tenant, subject=tenant, **details)


def _parse(tenant: str) -> TenantId:
    """Return the id of a tenant; raise 404 if it is malformed."""
    if not is_uuid(tenant):
        raise tenant_not_found()
    return TenantId(tenant)


def _require_allowed(domain: str | None, settings: Settings) -> None:
    """Raise 422 if a domain is where the service itself is reached."""
    if domain is not None and is_public_host(domain, settings):
        raise domain_not_allowed()
