"""The transaction in which a tenancy is changed: locked, with the caller's role read anew."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from prisma import Prisma

from app import audit
from app.db import prisma
from app.kit.ids import is_uuid
from app.tenancy import locks
from app.tenancy.errors import member_not_found
from app.tenancy.roles import RoleT
from app.tenancy.scope import TenancyScope

ScopeT = TypeVar("ScopeT", bound=TenancyScope[Any])


@dataclass(frozen=True, slots=True)
class TenancyTransaction(Generic[ScopeT, RoleT]):
    """An open transaction that holds the lock on a tenancy."""

    tx: Prisma
    scope: ScopeT
    # The caller's current role. The role in `scope` was read before the lock and may be outdated.
    role: RoleT
    # Whether the user passed as `lock_user` exists and is the caller or a colleague.
    is_user_locked: bool

    async def record(self, action: str, *, subject: str, **details: Any) -> None:
        """Write an event by the caller to the audit trail."""
        await record_event(self.tx, self.scope, action, subject=subject, **details)

    async def read_role(self, user: str) -> RoleT:
        """Return a member's current role; raise 404 if there is no such member."""
        role = await self.scope.read_role(self.tx, user) if is_uuid(user) else None
        if role is None:
            raise member_not_found(self.scope.roles.noun)
        return role


async def record_event(
    tx: Prisma, scope: TenancyScope[Any], action: str, *, subject: str, **details: Any
) -> None:
    """Write an event by the scope's caller to the audit trail of the tenancy."""
    await audit.record(tx, action, actor=scope.user.id, subject=subject, **scope.trail, **details)


@asynccontextmanager
async def open_transaction(
    scope: ScopeT, *, min_role: RoleT, lock_user: str | None = None
) -> AsyncGenerator[TenancyTransaction[ScopeT, RoleT]]:
    """Open a transaction that locks the tenancy; require the caller to still hold `min_role`.

    `lock_user` is the user who joins the tenancy or becomes its owner: their row is locked first.
    """
    async with prisma.tx() as tx:
        is_user_locked = lock_user is not None and await locks.lock_user(tx, lock_user)
        await scope.lock(tx)
        role = await scope.read_role(tx, scope.user.id)
        if role is None:
            raise scope.not_found()
        scope.roles.require(role, min_role)
        yield TenancyTransaction(tx, scope, role, is_user_locked)
