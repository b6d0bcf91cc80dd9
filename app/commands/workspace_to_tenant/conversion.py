"""The conversion itself: the tenant, and a user of it for each member, in batches."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from prisma import Prisma
from prisma.enums import TenantUserRole
from prisma.errors import UniqueViolationError
from prisma.models import Tenant, Workspace

from app import audit
from app.commands.workspace_to_tenant.errors import (
    ConversionError,
    domain_taken,
    unknown_workspace,
)
from app.commands.workspace_to_tenant.members import Member, list_members
from app.commands.workspace_to_tenant.transactions import conversion_transaction
from app.kit.ids import new_uuid7

BY = "tenantry workspace-to-tenant"
BATCH = 100


class Batch(NamedTuple):
    """What one transaction did: the tenant, the roles of new users, and whether all are done."""

    tenant: Tenant
    roles: list[TenantUserRole]
    is_last: bool


async def convert(owner: Prisma, workspace: str, *, domain: str | None, size: int = BATCH) -> str:
    """Create the tenant and the users that are missing; return what to print."""
    roles = Counter[TenantUserRole]()
    batch = await _convert_batch(owner, workspace, domain, size)
    roles.update(batch.roles)
    while not batch.is_last:
        batch = await _convert_batch(owner, workspace, domain, size, tenant=batch.tenant.id)
        roles.update(batch.roles)
    skipped = len(await list_members(owner, workspace, "unconfirmed", "exists"))
    counted = ", ".join(f"{roles[role]} {role}" for role in TenantUserRole)
    return "\n".join(
        [
            f'The workspace {workspace} is the tenant {batch.tenant.id}, "{batch.tenant.name}".',
            f"Users added: {counted}. Members skipped: {skipped} (--dry-run says why).",
            "Nobody was told. Next: --confirm, which mails every user a link, or --revert.",
        ]
    )


async def require_free(tx: Prisma, domain: str) -> None:
    """Raise ConversionError if a domain is another tenant's."""
    if await tx.tenant.count(where={"domain": domain}):
        raise domain_taken(domain)


def require_same_domain(tenant: Tenant, domain: str | None) -> None:
    """Raise ConversionError if the tenant, which exists already, was made with another domain."""
    if domain and domain != tenant.domain:
        raise ConversionError(
            f"--domain: the tenant {tenant.id} exists already, "
            + (f"with the domain {tenant.domain}." if tenant.domain else "without a domain.")
            + f" Change it by PATCH /v1/tenants/{tenant.id}."
        )


async def _convert_batch(
    owner: Prisma, workspace: str, domain: str | None, size: int, *, tenant: str | None = None
) -> Batch:
    """Add up to `size` users, in one transaction; the first one creates the tenant.

    `tenant` is the one that earlier batches of this run belong to.
    """
    async with conversion_transaction(owner, workspace) as (tx, begun):
        if tenant and (begun is None or begun.tenant.id != tenant):
            raise ConversionError("Another run has reverted the conversion meanwhile.")
        found = await tx.workspace.find_unique(where={"id": workspace})
        if found is None:
            raise unknown_workspace(workspace)
        members = await list_members(tx, workspace, "new", most=size)
        users = {new_uuid7(): member for member in members}
        if begun:
            require_same_domain(begun.tenant, domain)
            made = begun.tenant
        else:
            made = await _create_tenant(tx, found, users, domain)
        if users:
            await _create_users(tx, workspace, made.id, users)
        is_last = len(members) < size
        if is_last and (members or begun is None or begun.conversion.finishedAt is None):
            await tx.workspaceconversion.update(
                where={"workspaceId": workspace}, data={"finishedAt": datetime.now(UTC)}
            )
    return Batch(made, [member.tenant_role for member in members], is_last)


async def first_administrator(tx: Prisma, tenant: str) -> str:
    """Return whom the trail names as the actor, since whoever runs the command has no account."""
    found = await tx.tenantuser.find_first_or_raise(
        where={"tenantId": tenant, "role": TenantUserRole.ADMIN}, order={"id": "asc"}
    )
    return found.id


async def _create_tenant(
    tx: Prisma, workspace: Workspace, users: Mapping[str, Member], domain: str | None
) -> Tenant:
    """Create the tenant of a workspace, whose first users have these ids."""
    actor = next(
        (id_ for id_, user in users.items() if user.tenant_role is TenantUserRole.ADMIN), None
    )
    if actor is None:
        raise ConversionError(
            "Nobody could administer the tenant: neither the owner of the workspace nor an admin "
            "has confirmed their e-mail address."
        )
    try:
        tenant = await tx.tenant.create({"name": workspace.name, "domain": domain})
    except UniqueViolationError:
        raise domain_taken(domain or "") from None
    await tx.workspaceconversion.create({"workspaceId": workspace.id, "tenantId": tenant.id})
    await audit.record(
        tx,
        "tenant.created",
        actor=actor,
        tenant=tenant.id,
        subject=tenant.id,
        name=tenant.name,
        domain=domain,
        workspaceId=workspace.id,
        by=BY,
    )
    return tenant


async def _create_users(
    tx: Prisma, workspace: str, tenant: str, users: Mapping[str, Member]
) -> None:
    """Create users of the tenant with these ids, and record which members they were made for."""
    await tx.tenantuser.create_many(
        data=[
            {"id": id_, "tenantId": tenant, "email": user.email, "role": user.tenant_role}
            for id_, user in users.items()
        ]
    )
    await tx.workspaceconversionuser.create_many(
        data=[
            {"workspaceId": workspace, "userId": user.userId, "tenantUserId": id_}
            for id_, user in users.items()
        ]
    )
    await audit.record_each(
        tx,
        "user.created",
        actor=await first_administrator(tx, tenant),
        tenant=tenant,
        details={
            id_: {"email": user.email, "role": user.tenant_role, "by": BY}
            for id_, user in users.items()
        },
    )
