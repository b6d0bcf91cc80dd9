"""Steps that the tests of tenants share: tenants and their users, made without HTTP."""

import uuid
from datetime import UTC, datetime, timedelta

from prisma.enums import TenantUserRole

from tests.fix_api import PASSWORD_HASH, Api, Person
from tests.fix_tenant import new_person


async def make_tenant(api: Api, *, domain: str | None = None) -> str:
    """Create a tenant; return its id."""
    name = f"Studio {uuid.uuid4().hex}"
    return (await api.owner.tenant.create({"name": name, "domain": domain})).id


async def make_user(
    api: Api, tenant: str, name: str = "ann", role: TenantUserRole = TenantUserRole.STAFF
) -> Person:
    """Create `name@example.com` with PASSWORD in a tenant, and a session."""
    email = f"{name}@example.com"
    user = await api.owner.tenantuser.create(
        {"tenantId": tenant, "email": email, "passwordHash": PASSWORD_HASH, "role": role}
    )
    return await sign_in(api, tenant, user.id, email)


async def sign_in(
    api: Api, tenant: str, user: str, email: str, *, expires: timedelta = timedelta(days=1)
) -> Person:
    """Create another session of a user of a tenant."""
    ends = datetime.now(UTC) + expires
    session = await api.owner.tenantsession.create(
        {"tenantId": tenant, "userId": user, "expiresAt": ends, "endsAt": ends}
    )
    return new_person(api, tenant, user, email, session.id)
