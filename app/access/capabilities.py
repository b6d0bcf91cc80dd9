"""Capabilities: what users may do in the whole installation, beyond their own tenancies.

A route declares the capability that it needs as the type of an argument (app/access/scope.py).
Roles contain capabilities, and users have roles.

To add a capability, add it here, and to the tables by a migration:

    INSERT INTO "Capability" ("name") VALUES ('things.manage');
    INSERT INTO "RoleCapability" ("roleId", "capabilityName")
    SELECT "id", 'things.manage' FROM "Role" WHERE "isBuiltIn";

tests/access/test_capabilities.py fails until both agree and the built-in role has it.
"""

from enum import StrEnum

from prisma import Prisma

from app.db import prisma

# The built-in role, which has every capability.
ADMINISTRATOR = "administrator"


class Capability(StrEnum):
    """What a route may require of its caller."""

    USERS_READ = "users.read"
    ROLES_MANAGE = "roles.manage"
    AUDIT_READ = "audit.read"
    TENANTS_MANAGE = "tenants.manage"
    CLIENTS_MANAGE = "clients.manage"
    IMPERSONATE = "impersonate"
    IMPERSONATE_WRITE = "impersonate.write"

    @property
    def description(self) -> str:
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    Capability.USERS_READ: "Search all users, read their accounts and see their roles.",
    Capability.ROLES_MANAGE: "Create, change and delete roles, grant and revoke them.",
    Capability.AUDIT_READ: "Read the audit events of the whole installation.",
    Capability.TENANTS_MANAGE: "Manage tenants.",
    Capability.CLIENTS_MANAGE: "Manage clients.",
    Capability.IMPERSONATE: "Act as a user, read-only, in a tenancy that consents.",
    Capability.IMPERSONATE_WRITE: "Make changes as that user as well.",
}


async def capabilities_of(user: str, *, tx: Prisma = prisma) -> frozenset[str]:
    """Return the capabilities of all roles of a user, whoever asks.

    They are texts, because a newer release may have added some that this one does not declare.
    """
    found = await tx.query_first('SELECT capabilities_of($1::uuid) AS "capabilities"', user)
    return frozenset(found["capabilities"])
