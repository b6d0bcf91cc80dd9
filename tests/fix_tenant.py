"""Create tenants with users and their log-ins directly in the database, without HTTP."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prisma.enums import TenantUserRole

from app.auth import TenantClaims, Tokens
from app.kit.ids import new_uuid7
from tests.fix_api import PASSWORD_HASH, Api, Person

_SESSION = timedelta(days=1)


@dataclass
class TenantTeam:
    """A tenant with an administrator and somebody of its staff, who are users of it alone."""

    api: Api
    name: str
    id: str
    domain: str
    admin: Person
    staff: Person

    @property
    def path(self) -> str:
        return f"/v1/tenants/{self.id}"

    async def joined(self, name: str, role: TenantUserRole = TenantUserRole.STAFF) -> Person:
        """Create another user of the tenant, with PASSWORD and a session."""
        (person,) = await _make_users(self.api, self.id, {f"{name}.{self.name}": role})
        return person

    async def roles(self) -> dict[str, str]:
        """Return the role of each user of the tenant, by id."""
        users = await self.api.owner.tenantuser.find_many(where={"tenantId": self.id})
        return {user.id: user.role for user in users}

    async def actions(self) -> list[str]:
        """Return the actions in the audit trail, oldest first."""
        # In the order of insertion: ids of the same millisecond are not ordered.
        events = await self.api.owner.query_raw(
            'SELECT action FROM "AuditEvent" WHERE "tenantId" = $1::uuid ORDER BY ctid', self.id
        )
        return [event["action"] for event in events]

    async def staff_while_deleted(self, path: str, body: dict[str, Any]) -> Any:
        """Return the response to a POST during which the tenant is deleted."""
        lock = 'SELECT FROM "Tenant" FOR UPDATE'
        async with self.api.hold(lock) as tx:
            # The session is read before the deletion, and rows are inserted after it.
            request = asyncio.create_task(self.staff.post(f"{self.path}/{path}", body))
            await self.api.wait_for_blocked_queries(1)
            await tx.tenant.delete(where={"id": self.id})
        return await request


async def make_tenant_team(api: Api, name: str) -> TenantTeam:
    """Create a tenant with an administrator and somebody of its staff, and a session of each."""
    id_, domain = new_uuid7(), f"{name.replace('_', '-').lower()}.studio.example.com"
    await api.owner.tenant.create({"id": id_, "name": f"Team {name}'s studio", "domain": domain})
    roles = {f"tenant.{role.lower()}.{name}": role for role in TenantUserRole}
    admin, staff = await _make_users(api, id_, roles)
    return TenantTeam(api, name, id_, domain, admin, staff)


async def _make_users(api: Api, tenant: str, roles: dict[str, TenantUserRole]) -> list[Person]:
    """Create users by the names in their addresses, with PASSWORD and a session each."""
    people = [
        new_person(api, tenant, new_uuid7(), f"{name}@example.com", new_uuid7()) for name in roles
    ]
    await api.owner.tenantuser.create_many(
        [
            {
                "id": person.id,
                "tenantId": tenant,
                "email": person.email,
                "passwordHash": PASSWORD_HASH,
                "role": role,
            }
            for person, role in zip(people, roles.values(), strict=True)
        ]
    )
    ends = datetime.now(UTC) + _SESSION
    await api.owner.tenantsession.create_many(
        [
            {
                "id": person.session,
                "tenantId": tenant,
                "userId": person.id,
                "expiresAt": ends,
                "endsAt": ends,
            }
            for person in people
        ]
    )
    return people


def new_person(api: Api, tenant: str, id_: str, email: str, session: str) -> Person:
    """Return a user of a tenant, whose client sends a token of their session."""
    tokens: Tokens = api.app.state.tokens
    token = tokens.tenant(TenantClaims(id_, session, tenant))
    return Person(id_, email, session, api.client(token))


@pytest.fixture
async def tenant_team(api: Api) -> TenantTeam:
    return await make_tenant_team(api, "red")
