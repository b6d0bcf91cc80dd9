"""POST /v1/tenants/{tenantId}/auth/log-in and /auth/refresh: accounts of one tenant alone."""

from datetime import timedelta

import httpx
import pytest

from app.accounts.login import TRIES
from app.auth.sessions import GRACE_PERIOD
from tests.fix_api import PASSWORD, Api
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.fix_work import Counter, Work
from tests.tenants.log_ins import NEW, age, log_in, post, refresh, works


@pytest.fixture
async def studio(api: Api) -> TenantTeam:
    return await make_tenant_team(api, "red")


@pytest.fixture
async def other(api: Api) -> TenantTeam:
    return await make_tenant_team(api, "blue")


async def same_address(studio: TenantTeam, other: TenantTeam) -> str:
    """Give a user of the other tenant the address of one of the first; return it."""
    email = studio.staff.email
    await studio.api.owner.tenantuser.update(
        where={"id": other.staff.id}, data={"email": email, "passwordHash": None}
    )
    return email


async def test_its_tokens_are_good_in_the_tenant_alone(studio: TenantTeam, other: TenantTeam):
    """They are worthless in another tenant and in the rest of the API."""
    pair = (await log_in(studio, studio.staff.email)).json()

    assert await works(studio, pair)
    assert not await works(other, pair)
    client = studio.api.client(pair["accessToken"])
    assert (await client.get("/v1/me")).status_code == 401
    for answer in (
        await refresh(other, pair),
        await studio.api.anonymous.post(
            "/v1/auth/refresh", json={"refreshToken": pair["refreshToken"]}
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_refresh_token")
    assert await works(studio, pair), "a refresh elsewhere ended the session"


async def test_users_of_the_service_have_no_account(studio: TenantTeam):
    """Nor do the users of a tenant at the service."""
    ann = await studio.api.person("ann")

    assert (await log_in(studio, ann.email)).status_code == 401
    assert (await studio.api.log_in(studio.staff.email)).status_code == 401


async def test_an_address_may_have_an_account_in_two_tenants(studio: TenantTeam, other: TenantTeam):
    """Each has its own password, limits and known devices."""
    email = await same_address(studio, other)
    logged_in = (await log_in(studio, email)).json()
    assert (await log_in(other, email)).status_code == 401

    for _ in range(TRIES.max_attempts - 1):
        assert (await log_in(other, email)).status_code == 401
    assert (await log_in(other, email)).status_code == 429
    assert (await log_in(studio, email)).status_code == 200
    device = logged_in["deviceToken"]
    answer = await post(other, "log-in", email=email, password=NEW, deviceToken=device)
    assert answer.status_code == 429


async def test_it_does_not_reveal_who_has_an_account(studio: TenantTeam, work: Counter):
    """A wrong password, an account without one, an unknown address and tenant: equal work."""
    await studio.api.owner.tenantuser.update(
        where={"id": studio.admin.id}, data={"passwordHash": None}
    )
    nowhere = TenantTeam(
        studio.api, "no", studio.admin.id, studio.domain, studio.admin, studio.staff
    )
    done: list[Work] = []
    seen: set[bytes] = set()
    for team, email in (
        (studio, studio.staff.email),
        (studio, studio.admin.email),
        (studio, "nobody@example.com"),
        (nowhere, studio.staff.email),
    ):
        with work.counting() as this:
            answer = await log_in(team, email, "wrong")
        seen.add(answer.content)
        done.append(this)

    assert len(seen) == 1
    assert len({(this.hashes, len(this.statements)) for this in done}) == 1


async def test_a_host_names_the_tenant(studio: TenantTeam, other: TenantTeam):
    """At the tenant's own domain its users log in to `current`; an unknown host reaches none."""

    async def at(host: str) -> httpx.Response:
        return await studio.api.anonymous.post(
            "/v1/tenants/current/auth/log-in",
            json={"email": studio.staff.email, "password": PASSWORD},
            headers={"Host": host},
        )

    assert await works(studio, (await at(studio.domain)).json())
    assert (await at(other.domain)).status_code == 401
    unknown = await at("nothing.example.com")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "tenant_not_found")


async def test_a_refresh_token_is_exchanged_once(studio: TenantTeam):
    """For a grace period it has the same successor; a later use ends the session."""
    first = (await log_in(studio, studio.staff.email)).json()
    second = (await refresh(studio, first)).json()
    assert await works(studio, second)
    assert (await refresh(studio, first)).json()["refreshToken"] == second["refreshToken"]

    await age(studio, first, GRACE_PERIOD + timedelta(seconds=1))

    assert (await refresh(studio, first)).status_code == 401
    assert not await works(studio, second)
    assert (await refresh(studio, second)).status_code == 401


async def test_sessions_are_listed_and_ended(studio: TenantTeam, other: TenantTeam):
    """A user sees their own, ends one of them, and ends the current one by logging out."""
    pair = (await log_in(studio, studio.staff.email)).json()
    client = studio.api.client(pair["accessToken"])
    listed = (await client.get(f"{studio.path}/me/sessions")).json()["items"]
    assert [each["current"] for each in listed] == [True, False]

    path = f"{studio.path}/me/sessions"
    for session in (studio.admin.session, other.staff.session, "nothing"):
        assert (await client.delete(f"{path}/{session}")).status_code == 404
    assert (await client.delete(f"{path}/{studio.staff.session}")).status_code == 204
    assert (await studio.staff.get(path)).status_code == 401
    assert (await client.post(f"{studio.path}/auth/log-out")).status_code == 204
    assert not await works(studio, pair)
    assert (await refresh(studio, pair)).status_code == 401
    assert (await studio.admin.get(path)).status_code == 200
