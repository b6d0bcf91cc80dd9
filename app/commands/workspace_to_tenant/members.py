"""The members of a workspace, as a conversion sees them."""

from typing import Literal

from prisma import Prisma
from prisma.enums import TenantUserRole, WorkspaceRole
from pydantic import BaseModel

State = Literal["new", "unconfirmed", "exists", "converted"]

# Prisma cannot compare with rows of a table that is no relation. Those who become administrators
# come first: a tenant always has one.
_MEMBERS = """
    SELECT * FROM (
        SELECT
            "userId"::text, "email", "WorkspaceMember"."role"::text,
            CASE
                WHEN EXISTS (
                    SELECT FROM "WorkspaceConversionUser" AS "made"
                    WHERE "made"."workspaceId" = $1 AND "made"."userId" = "WorkspaceMember"."userId"
                ) THEN 'converted'
                WHEN EXISTS (
                    SELECT FROM "TenantUser" JOIN "WorkspaceConversion" USING ("tenantId")
                    WHERE "workspaceId" = $1 AND "TenantUser"."email" = "User"."email"
                ) THEN 'exists'
                WHEN "emailConfirmedAt" IS NULL THEN 'unconfirmed'
                ELSE 'new'
            END AS "state"
        FROM "WorkspaceMember" JOIN "User" ON "User"."id" = "userId"
        WHERE "WorkspaceMember"."workspaceId" = $1
    ) AS "member"
    WHERE "state" = ANY ($2::text[])
    ORDER BY "role"::"WorkspaceRole", "email" LIMIT $3
"""


class Member(BaseModel):
    """A member of the workspace, and whether they become a user of the tenant."""

    userId: str
    email: str
    role: WorkspaceRole
    state: State

    @property
    def tenant_role(self) -> TenantUserRole:
        """Return the role that they get: the owner and admins administer the tenant."""
        if self.role is WorkspaceRole.member:
            return TenantUserRole.STAFF
        return TenantUserRole.ADMIN


async def list_members(
    tx: Prisma, workspace: str, *states: State, most: int | None = None
) -> list[Member]:
    """Return members in these states, those with the highest roles first."""
    return await tx.query_raw(_MEMBERS, workspace, list(states), most, model=Member)
