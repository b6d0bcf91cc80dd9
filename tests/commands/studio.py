"""A workspace for the tests of `tenantry workspace-to-tenant`, and what becomes of it."""

from typing import Any

from prisma import Prisma
from prisma.enums import WorkspaceRole

WORKSPACE = "Studio0of0tests"
URL = "https://app.example.com"
PEOPLE = {
    "olga": WorkspaceRole.owner,
    "adam": WorkspaceRole.admin,
    "mia": WorkspaceRole.member,
    "max": WorkspaceRole.member,
}
USERS = {
    "adam@example.com": "ADMIN",
    "max@example.com": "STAFF",
    "mia@example.com": "STAFF",
    "olga@example.com": "ADMIN",
}
# Of everything that a conversion may touch.
TABLES = (
    "Workspace", "WorkspaceMember", "User", "Invitation", "Tenant", "TenantUser", "TenantSession",
    "TenantEmailToken", "AuditEvent", "OutboxMail", "WorkspaceConversion",
    "WorkspaceConversionUser",
)  # fmt: skip


async def join(owner: Prisma, name: str, role: WorkspaceRole, *, confirmed: bool = True) -> str:
    """Create a user and make them a member of the workspace, the owner with the workspace."""
    user = await owner.user.create({"email": f"{name}@example.com"})
    if confirmed:
        await owner.execute_raw(
            'UPDATE "User" SET "emailConfirmedAt" = now() WHERE id = $1::uuid', user.id
        )
    if role is WorkspaceRole.owner:
        await owner.workspace.create({"id": WORKSPACE, "name": "Iron Temple", "ownerId": user.id})
    else:
        await owner.workspacemember.create(
            {"workspaceId": WORKSPACE, "userId": user.id, "role": role}
        )
    return user.id


async def make_studio(owner: Prisma) -> None:
    """Create the workspace with its four members."""
    for name, role in PEOPLE.items():
        await join(owner, name, role)


async def users(owner: Prisma) -> dict[str, str]:
    """Return the role of each user of the tenant, by address."""
    found = await owner.tenantuser.find_many(order={"email": "asc"})
    return {user.email: user.role for user in found}


async def contents(owner: Prisma, *tables: str) -> dict[str, Any]:
    """Return all rows of tables."""
    return {
        table: await owner.query_raw(f'SELECT * FROM "{table}" ORDER BY 1, 2')  # pyright: ignore[reportArgumentType]  # constants
        for table in tables or TABLES
    }


async def mailed(owner: Prisma) -> list[str]:
    """Return to whom mails were queued."""
    return sorted(mail.recipient for mail in await owner.outboxmail.find_many())
