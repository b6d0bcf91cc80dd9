"""The roles of an organization in their order."""

from prisma.enums import OrgRole

from app.tenancy import RoleOrder

ORG_ROLES = RoleOrder(OrgRole.OWNER, OrgRole.ADMIN, OrgRole.MEMBER, noun="organization")
