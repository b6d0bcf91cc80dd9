"""Who has which role: granting and revoking roles, and listing both sides."""

from typing import Any

from prisma import Prisma
from prisma.actions import RoleActions, UserActions, UserRoleActions
from prisma.errors import ForeignKeyViolationError
from prisma.models import Role
from prisma.partials import Account, StoredRole
from prisma.types import UserRoleWhereInput

from app import audit
from app.access.errors import role_not_found, user_not_confirmed, user_not_found
from app.access.schemas import HeldRole, RoleHolder, RoleView
from app.access.scope import CapableCaller
from app.access.transactions import RolesTransaction, roles_transaction
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import is_uuid

_held = UserRoleActions(prisma, HeldRole)
_holders = UserRoleActions(prisma, RoleHolder)


async def grant(caller: CapableCaller, *, user: str, role: str) -> None:
    """Give a role to a user, who may have it already."""
    async with roles_transaction(caller) as transaction:
        account = await find_user(user, tx=transaction.tx)
        found = await _find_grantable(transaction, role)
        if account.emailConfirmedAt is None:
            raise user_not_confirmed()
        try:
            await add_role(
                transaction.tx,
                user=user,
                role=found,
                actor=caller.user.id,
                granted_by=caller.user.id,
            )
        except ForeignKeyViolationError:  # the account was deleted meanwhile
            raise user_not_found() from None


async def revoke(caller: CapableCaller, *, user: str, role: str) -> None:
    """Take a role from a user, who may not have it."""
    async with roles_transaction(caller) as transaction:
        await find_user(user, tx=transaction.tx)
        found = await _find_grantable(transaction, role)
        await remove_role(transaction.tx, user=user, role=found, actor=caller.user.id)


async def list_roles_of(user: str, pages: PageRequest) -> Page[HeldRole]:
    """Return the roles of a user, the newest role first; raise 404."""
    await find_user(user)
    list_ = f"roles of {user}"
    where: UserRoleWhereInput = {"userId": user}
    if after := pages.after(list_):
        where["roleId"] = {"lt": after}
    rows = await _held.find_many(
        where=where, include={"role": True}, order={"roleId": "desc"}, take=pages.take + 1
    )
    return pages.page(list_, rows)


async def list_users_of(role: str, pages: PageRequest) -> Page[RoleHolder]:
    """Return the users who have a role, the newest user first; raise 404."""
    await find_role(role)
    list_ = f"users of {role}"
    where: UserRoleWhereInput = {"roleId": role}
    if after := pages.after(list_):
        where["userId"] = {"lt": after}
    rows = await _holders.find_many(
        where=where, include={"user": True}, order={"userId": "desc"}, take=pages.take + 1
    )
    return pages.page(list_, rows)


async def find_user(user: str, *, tx: Prisma = prisma) -> Account:
    """Return a user; raise 404. Requires the scope of a capability that shows users."""
    users = UserActions(tx, Account)
    found = await users.find_unique(where={"id": user}) if is_uuid(user) else None
    if found is None:
        raise user_not_found()
    return found


async def find_role(role: str, *, tx: Prisma = prisma) -> StoredRole:
    """Return a role with its capabilities; raise 404. Requires the same."""
    roles = RoleActions(tx, StoredRole)
    found = None
    if is_uuid(role):
        found = await roles.find_unique(where={"id": role}, include={"capabilities": True})
    if found is None:
        raise role_not_found()
    return found


def capabilities_in(role: StoredRole) -> frozenset[str]:
    """Return the capabilities that a role contains."""
    return frozenset(each.capabilityName for each in role.capabilities)


async def add_role(
    tx: Prisma,
    *,
    user: str,
    role: Role | StoredRole,
    actor: str,
    granted_by: str | None,
    **details: Any,
) -> bool:
    """Give a role to a user, and record it; return False if they have it. Requires the lock."""
    before = (await _names_of_roles(tx, {"userId": user})).get(user, [])
    if role.name in before:
        return False
    await tx.userrole.create_many([{"userId": user, "roleId": role.id, "grantedById": granted_by}])
    details |= _details(role, before)
    await audit.record(tx, "role.granted", actor=actor, subject=user, **details)
    return True


async def remove_role(
    tx: Prisma, *, user: str, role: Role | StoredRole, actor: str, **details: Any
) -> bool:
    """Take a role from a user, and record it; return False if they lack it. Requires the lock."""
    before = (await _names_of_roles(tx, {"userId": user})).get(user, [])
    if role.name not in before:
        return False
    details |= _details(role, before)
    # Before the deletion, after which the actor may no longer write to this trail.
    await audit.record(tx, "role.revoked", actor=actor, subject=user, **details)
    await tx.userrole.delete_many(where={"userId": user, "roleId": role.id})
    return True


async def record_loss(transaction: RolesTransaction, role: RoleView) -> None:
    """Record that everybody loses a role, which the transaction deletes."""
    holders: UserRoleWhereInput = {"user": {"is": {"roles": {"some": {"roleId": role.id}}}}}
    before = await _names_of_roles(transaction.tx, holders)
    await audit.record_each(
        transaction.tx,
        "role.revoked",
        actor=transaction.caller.user.id,
        details={user: _details(role, names) for user, names in before.items()},
    )


async def _find_grantable(transaction: RolesTransaction, role: str) -> StoredRole:
    """Return a role all of whose capabilities the caller has; raise 404 or 403."""
    found = await find_role(role, tx=transaction.tx)
    transaction.require_all(capabilities_in(found))
    return found


async def _names_of_roles(tx: Prisma, where: UserRoleWhereInput) -> dict[str, list[str]]:
    """Return the names of the roles of the users that a condition selects, by user."""
    names: dict[str, list[str]] = {}
    for held in await tx.userrole.find_many(where=where, include={"role": True}):
        if held.role is not None:
            names.setdefault(held.userId, []).append(held.role.name)
    return {user: sorted(each) for user, each in names.items()}


def _details(role: Role | StoredRole | RoleView, before: list[str]) -> dict[str, Any]:
    """Return what the audit trail says about a grant: the role, and which ones the user had."""
    return {"roleId": role.id, "role": role.name, "before": before}
