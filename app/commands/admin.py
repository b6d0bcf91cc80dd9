"""The `tenantry admin` command: grant global roles to accounts, revoke them, list who has which.

It works as the owner of the tables, whether the service runs or not, and creates the first
administrator, which no route can. Whoever runs it has no account, so the audit trail names the
account itself as the actor, with `"by": "tenantry admin"` in the details.
"""

import argparse

from prisma import Prisma
from prisma.models import Role, User

from app import db
from app.access.grants import add_role, remove_role
from app.access.transactions import lock_roles
from app.kit.errors import OperatorError
from app.settings import Settings

BY = "tenantry admin"


class AdminError(OperatorError):
    """There is no such account or role; the message, one line, says so."""


async def run(settings: Settings, arguments: argparse.Namespace) -> str:
    """Do what the arguments ask for; return what to print. Raise AdminError or NoConnection."""
    async with db.owner_client(settings) as owner:
        match arguments.action:
            case "grant":
                return await grant(owner, email=arguments.email, role=arguments.role)
            case "revoke":
                return await revoke(owner, email=arguments.email, role=arguments.role)
            case _:
                return await list_roles(owner)


async def grant(owner: Prisma, *, email: str, role: str) -> str:
    """Give a role to an account; return what to print."""
    async with owner.tx() as tx:
        await lock_roles(tx)
        user, granted = await _find_user(tx, email), await _find_role(tx, role)
        if user.emailConfirmedAt is None:
            raise AdminError(f"{user.email} has not confirmed the address yet.")
        is_new = await add_role(
            tx, user=user.id, role=granted, actor=user.id, granted_by=None, by=BY
        )
    verb = "now has" if is_new else "already has"
    return f"{user.email} {verb} the role {granted.name}."


async def revoke(owner: Prisma, *, email: str, role: str) -> str:
    """Take a role from an account; return what to print."""
    async with owner.tx() as tx:
        await lock_roles(tx)
        user, revoked = await _find_user(tx, email), await _find_role(tx, role)
        had_it = await remove_role(tx, user=user.id, role=revoked, actor=user.id, by=BY)
    verb = "no longer has" if had_it else "does not have"
    return f"{user.email} {verb} the role {revoked.name}."


async def list_roles(owner: Prisma) -> str:
    """Return one line for each account that has roles, in the order of addresses."""
    names: dict[str, list[str]] = {}
    for held in await owner.userrole.find_many(include={"user": True, "role": True}):
        if held.user and held.role:
            names.setdefault(held.user.email, []).append(held.role.name)
    if not names:
        return "Nobody has a role. `tenantry admin grant EMAIL` creates the first administrator."
    width = max(map(len, names))
    return "\n".join(
        f"{email:{width}}  {', '.join(sorted(names[email]))}" for email in sorted(names)
    )


async def _find_user(tx: Prisma, email: str) -> User:
    # Addresses are stored in lower case.
    user = await tx.user.find_unique(where={"email": email.strip().lower()})
    if user is None:
        raise AdminError(f"No account has the address {email!r}.")
    return user


async def _find_role(tx: Prisma, name: str) -> Role:
    role = await tx.role.find_unique(where={"name": name})
    if role is None:
        existing = await tx.role.find_many(order={"name": "asc"})
        raise AdminError(
            f"There is no role {name!r}, only {', '.join(each.name for each in existing)}."
        )
    return role
