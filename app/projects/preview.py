"""Previews of changes: what one would do to the roles in a project, without doing it.

The change is made by its own rules, in a transaction that is rolled back.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar, assert_never

from prisma import Prisma
from prisma.enums import OrgRole

from app import organizations
from app.http.pages import MAX_PAGE_SIZE
from app.projects.members import replace_role, role_transaction
from app.projects.roles import MemberRoleView, read_roles
from app.projects.schemas import (
    BaseRoleChange,
    OrganizationRoleChange,
    ProjectRoleChange,
    RoleDifference,
    RolePreview,
)
from app.projects.scope import ProjectScope
from app.tenancy import TenancyTransaction

# A new base role concerns the members who inherit it, and does the same to all of them.
_INHERITING = """
    SELECT "userId", count(*) OVER () AS "count"
    FROM project_roles($1::uuid, $2::uuid)
    WHERE "organizationRole" = 'MEMBER' AND "inheritedFromOrg"
    ORDER BY "userId" LIMIT $3
"""
TransactionT = TypeVar("TransactionT", bound=TenancyTransaction[Any, Any])


async def preview(
    scope: ProjectScope, change: ProjectRoleChange | OrganizationRoleChange | BaseRoleChange
) -> RolePreview:
    """Return which members' roles in the project a change would replace, and by which."""
    match change:
        case ProjectRoleChange():
            return await _preview_project_role(scope, change)
        case OrganizationRoleChange():
            return await _preview_organization_role(scope, change)
        case BaseRoleChange():
            return await _preview_base_role(scope, change)
        case _:
            assert_never(change)


async def _preview_project_role(scope: ProjectScope, change: ProjectRoleChange) -> RolePreview:
    user = str(change.userId)
    opened = role_transaction(scope, user=user, role=change.role)
    async with _rolled_back(opened) as transaction:
        before = await _read(scope, transaction.tx, [user])
        await replace_role(transaction, user=user, role=change.role, confirm=True)
        return _compare(before, await _read(scope, transaction.tx, [user]), count=1)


async def _preview_organization_role(
    scope: ProjectScope, change: OrganizationRoleChange
) -> RolePreview:
    user = str(change.userId)
    opened = organizations.organization_transaction(scope.in_organization(), min_role=OrgRole.ADMIN)
    async with _rolled_back(opened) as transaction:
        before = await _read(scope, transaction.tx, [user])
        await organizations.replace_role(
            transaction, user=user, role=change.role.role, is_confirmed=True
        )
        return _compare(before, await _read(scope, transaction.tx, [user]), count=1)


async def _preview_base_role(scope: ProjectScope, change: BaseRoleChange) -> RolePreview:
    changed: organizations.OrganizationChange = {"memberBaseRole": change.role}
    opened = organizations.change_transaction(scope.in_organization(), changed)
    async with _rolled_back(opened) as transaction:
        rows = await transaction.tx.query_raw(
            _INHERITING, scope.organization_id, scope.id, MAX_PAGE_SIZE
        )
        users = [row["userId"] for row in rows]
        before = await _read(scope, transaction.tx, users)
        await organizations.apply_change(transaction, changed)
        after = await _read(scope, transaction.tx, users)
        return _compare(before, after, count=rows[0]["count"] if rows else 0)


class _RollBack(Exception):  # noqa: N818  # no error: it ends the transaction
    pass


@asynccontextmanager
async def _rolled_back(
    transaction: AbstractAsyncContextManager[TransactionT],
) -> AsyncGenerator[TransactionT]:
    """Open a transaction that is rolled back at the end of the block."""
    try:
        async with transaction as opened:
            yield opened
            raise _RollBack  # noqa: TRY301  # inside, so that the transaction sees it
    except _RollBack:
        pass


async def _read(scope: ProjectScope, tx: Prisma, users: Iterable[str]) -> dict[str, MemberRoleView]:
    return await read_roles(scope.organization_id, scope.id, *users, tx=tx)


def _compare(
    before: dict[str, MemberRoleView], after: dict[str, MemberRoleView], *, count: int
) -> RolePreview:
    """Return the roles that differ; `count` is how many do if any does."""
    changes = [
        RoleDifference(userId=user, before=before[user], after=after[user])
        for user in sorted(before)
        if before[user].role != after[user].role
    ]
    return RolePreview(count=count if changes else 0, changes=changes)
