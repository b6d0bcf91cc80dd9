"""Roles: listing, creating, changing and deleting them.

Whoever creates, changes or deletes a role has all of its capabilities, before and after.
"""

from collections.abc import Set as AbstractSet
from typing import Any

from prisma import Prisma
from prisma.actions import RoleActions
from prisma.errors import UniqueViolationError
from prisma.models import Role
from prisma.partials import StoredRole
from prisma.types import RoleUpdateInput, RoleWhereInput

from app.access import grants
from app.access.errors import role_built_in, role_exists
from app.access.schemas import NewRole, RoleChange, RoleView
from app.access.scope import CapableCaller
from app.access.transactions import RolesTransaction, roles_transaction
from app.db import prisma
from app.http.pages import Page, PageRequest

_LIST = "roles"
_roles = RoleActions(prisma, StoredRole)


async def list_roles(pages: PageRequest) -> Page[RoleView]:
    """Return all roles, the newest first."""
    where: RoleWhereInput = {}
    if after := pages.after(_LIST):
        where["id"] = {"lt": after}
    rows = await _roles.find_many(
        where=where, include={"capabilities": True}, order={"id": "desc"}, take=pages.take + 1
    )
    page = pages.page(_LIST, rows)
    return Page(items=[_stored_view(row) for row in page.items], nextCursor=page.nextCursor)


async def read(role: str) -> RoleView:
    """Return a role; raise 404."""
    return _stored_view(await grants.find_role(role))


async def create(caller: CapableCaller, new: NewRole) -> RoleView:
    """Create a role of capabilities that the caller has."""
    capabilities = frozenset[str](new.capabilities)
    async with roles_transaction(caller) as transaction:
        transaction.require_all(capabilities)
        try:
            row = await transaction.tx.role.create(
                {"name": new.name, "description": new.description}
            )
        except UniqueViolationError:
            raise role_exists() from None
        await _add(transaction.tx, row.id, capabilities)
        role = _view(row, capabilities)
        await transaction.record("role.created", subject=role.id, **_details(role))
    return role


async def change(caller: CapableCaller, *, role: str, changed: RoleChange) -> RoleView:
    """Rename or describe a role, or replace its capabilities."""
    async with roles_transaction(caller) as transaction:
        before = await _find_changeable(transaction, role)
        capabilities = frozenset[str](changed.get("capabilities", before.capabilities))
        transaction.require_all(capabilities)
        after = _view(await _update(transaction.tx, role, changed), capabilities)
        old, new = _details(before), _details(after)
        if differing := [name for name in new if new[name] != old[name]]:
            await transaction.record(
                "role.changed",
                subject=role,
                before={name: old[name] for name in differing},
                **{name: new[name] for name in differing},
            )
        await _add(transaction.tx, role, capabilities - set(before.capabilities))
        # Last, because it may take from the caller what the policies of the others require.
        await _remove(transaction.tx, role, set(before.capabilities) - capabilities)
    return after


async def delete(caller: CapableCaller, *, role: str) -> None:
    """Delete a role; whoever has it loses it."""
    async with roles_transaction(caller) as transaction:
        before = await _find_changeable(transaction, role)
        await grants.record_loss(transaction, before)
        await transaction.record("role.deleted", subject=role, **_details(before))
        await transaction.tx.role.delete_many(where={"id": role})


async def _find_changeable(transaction: RolesTransaction, role: str) -> RoleView:
    """Return a role that the caller may change; raise 404, 409 or 403."""
    found = _stored_view(await grants.find_role(role, tx=transaction.tx))
    if found.isBuiltIn:
        raise role_built_in()
    transaction.require_all(found.capabilities)
    return found


async def _update(tx: Prisma, role: str, changed: RoleChange) -> Role:
    data: RoleUpdateInput = {}
    if "name" in changed:
        data["name"] = changed["name"]
    if "description" in changed:
        data["description"] = changed["description"]
    try:
        # Also for a change of the capabilities alone, for `updatedAt`.
        row = await tx.role.update(where={"id": role}, data=data)
    except UniqueViolationError:
        raise role_exists() from None
    assert row is not None, "the lock on all roles keeps it"  # noqa: S101
    return row


async def _add(tx: Prisma, role: str, capabilities: AbstractSet[str]) -> None:
    if capabilities:
        await tx.rolecapability.create_many(
            [{"roleId": role, "capabilityName": name} for name in sorted(capabilities)]
        )


async def _remove(tx: Prisma, role: str, capabilities: AbstractSet[str]) -> None:
    if capabilities:
        await tx.rolecapability.delete_many(
            where={"roleId": role, "capabilityName": {"in": sorted(capabilities)}}
        )


def _stored_view(role: StoredRole) -> RoleView:
    return _view(role, grants.capabilities_in(role))


def _view(role: Role | StoredRole, capabilities: AbstractSet[str]) -> RoleView:
    """Return a role as the API shows it."""
    return RoleView.model_validate({**vars(role), "capabilities": sorted(capabilities)})


def _details(role: RoleView) -> dict[str, Any]:
    """Return what the audit trail says about a role."""
    return role.model_dump(include={"name", "description", "capabilities"})
