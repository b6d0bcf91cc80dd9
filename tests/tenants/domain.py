"""What the tests know about the routes of app/tenants."""

from collections.abc import AsyncIterator, Mapping

from tests.domains import Domain, Request, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team
from tests.tenants.tenants import make_tenant, make_user


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    tenant = await make_tenant(team.api)
    ann = await make_user(team.api, tenant)
    yield "read_me_in_tenant", lambda: ann.get(f"/v1/tenants/{tenant}/me")


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    tenant = await make_tenant(team.api)
    await make_user(team.api, tenant, team.name)
    return {"tenantId": tenant}


DOMAIN = Domain(
    statements={"read_me_in_tenant": 1},
    requests=_requests,
    parameters={"tenantId": new_uuid},
    make_rows=_make_rows,
)
