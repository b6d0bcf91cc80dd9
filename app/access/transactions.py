"""Transactions that read the caller's rights anew; those that change roles run one at a time."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from prisma import Prisma

from app import audit
from app.access.capabilities import Capability, capabilities_of
from app.access.errors import capabilities_lacking
from app.access.scope import CapableCaller, require_capabilities
from app.db import prisma


@dataclass(frozen=True, slots=True)
class RolesTransaction:
    """An open transaction that holds the lock on all roles."""

    tx: Prisma
    caller: CapableCaller
    # The caller's current capabilities. Those in `caller` were read before the lock.
    capabilities: frozenset[str]

    def require_all(self, capabilities: Iterable[str]) -> None:
        """Raise 403, which lists what is missing, unless the caller has all these capabilities."""
        if lacking := set(capabilities) - self.capabilities:
            raise capabilities_lacking(lacking)

    async def record(self, action: str, *, subject: str, **details: Any) -> None:
        """Write an event by the caller to the audit trail of the installation."""
        await audit.record(self.tx, action, actor=self.caller.user.id, subject=subject, **details)


@asynccontextmanager
async def capability_transaction(
    caller: CapableCaller, capability: Capability
) -> AsyncGenerator[Prisma]:
    """Open a transaction in which the caller has a capability; nobody revokes it meanwhile."""
    async with prisma.tx() as tx:
        await tx.execute_raw(
            "SELECT pg_advisory_xact_lock_shared(hashtext('tenantry'), hashtext('roles'))"
        )
        require_capabilities(await capabilities_of(caller.user.id, tx=tx), capability)
        yield tx


@asynccontextmanager
async def roles_transaction(caller: CapableCaller) -> AsyncGenerator[RolesTransaction]:
    """Open a transaction that locks all roles; require the caller to still manage them."""
    async with prisma.tx() as tx:
        await lock_roles(tx)
        capabilities = await capabilities_of(caller.user.id, tx=tx)
        require_capabilities(capabilities, Capability.ROLES_MANAGE)
        yield RolesTransaction(tx, caller, capabilities)


async def lock_roles(tx: Prisma) -> None:
    """Lock roles, their capabilities and their users until the transaction ends.

    Whether a change is allowed depends on what several roles contain and who has them. Changes are
    rare, so one lock makes them happen one after the other. It comes before any row lock.
    """
    await tx.execute_raw("SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('roles'))")
