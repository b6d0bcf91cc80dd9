"""Memberships: a user's role, and the condition that limits queries to an organization."""

from typing import NewType, TypedDict

from prisma import Prisma
from prisma.enums import OrgRole

from app.db import prisma

OrganizationId = NewType("OrganizationId", str)


class InOrganization(TypedDict):
    """The part of a `where` that limits a query to one organization."""

    organizationId: str


def in_organization(organization: OrganizationId) -> InOrganization:
    """Limit a query to an organization: `where={**in_organization(scope.id), ...}`."""
    return {"organizationId": organization}


async def role_in(
    organization: OrganizationId, user: str, *, tx: Prisma = prisma
) -> OrgRole | None:
    """Return a user's role in an organization, or None if the scope shows no such membership."""
    member = await tx.organizationmember.find_unique(
        where={"organizationId_userId": {"organizationId": organization, "userId": user}}
    )
    return OrgRole(member.role) if member else None
