"""The transaction in which an organization is changed."""

from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from prisma.enums import OrgRole

from app.organizations.scope import OrganizationScope
from app.tenancy import TenancyTransaction, open_transaction

OrganizationTransaction: TypeAlias = TenancyTransaction[OrganizationScope, OrgRole]


def organization_transaction(
    scope: OrganizationScope, *, min_role: OrgRole, lock_user: str | None = None
) -> AbstractAsyncContextManager[OrganizationTransaction]:
    """Open a transaction that locks the organization; require the caller to still hold `min_role`.

    `lock_user` is the user who becomes an owner: their row is locked first.
    """
    return open_transaction(scope, min_role=min_role, lock_user=lock_user)
