"""Steps that the tests of tenants' log-ins share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.auth import TenantClaims, Tokens
from app.auth.tokens import hash_secret
from tests.fix_api import PASSWORD, Person
from tests.fix_tenant import TenantTeam

NEW = "a fourth horse on the moon"
RESET = "Set a new password"


async def post(team: TenantTeam, what: str, **body: object) -> httpx.Response:
    """Send a body to a route of the tenant's log-ins without a token."""
    return await team.api.anonymous.post(f"{team.path}/auth/{what}", json=body)


async def log_in(team: TenantTeam, email: str, password: str = PASSWORD) -> httpx.Response:
    return await post(team, "log-in", email=email, password=password)


async def refresh(team: TenantTeam, pair: dict[str, Any]) -> httpx.Response:
    return await post(team, "refresh", refreshToken=pair["refreshToken"])


async def works(team: TenantTeam, pair: dict[str, Any]) -> bool:
    """Return whether the access token of a pair is accepted in a tenant."""
    answer = await team.api.client(pair["accessToken"]).get(f"{team.path}/me")
    return answer.status_code == 200


async def sign_in(
    team: TenantTeam, person: Person, *, expires: timedelta = timedelta(days=1)
) -> Person:
    """Create another session of a user of the tenant, without HTTP."""
    ends = datetime.now(UTC) + expires
    session = await team.api.owner.tenantsession.create(
        {"tenantId": team.id, "userId": person.id, "expiresAt": ends, "endsAt": ends}
    )
    tokens: Tokens = team.api.app.state.tokens
    token = tokens.tenant(TenantClaims(person.id, session.id, team.id))
    return Person(person.id, person.email, session.id, team.api.client(token))


async def age(team: TenantTeam, pair: dict[str, Any], by: timedelta) -> None:
    """Move the rotation of a refresh token into the past."""
    where: Any = {"hash": hash_secret(pair["refreshToken"])}
    row = await team.api.owner.tenantrefreshtoken.find_unique_or_raise(where=where)
    assert row.rotatedAt is not None
    await team.api.owner.tenantrefreshtoken.update(
        where=where, data={"rotatedAt": row.rotatedAt - by}
    )
