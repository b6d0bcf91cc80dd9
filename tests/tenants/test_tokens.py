"""Tokens of tenants: good in one tenant, and worthless everywhere else."""

import re
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from prisma.enums import TenantUserRole

from app.auth import ImpersonationClaims, TenantClaims, Tokens
from app.auth.tokens import InvalidToken
from tests.fix_api import Api
from tests.targets import routes
from tests.tenants.tenants import make_tenant, make_user, sign_in


async def test_it_shows_the_user_and_the_tenant(api: Api):
    """A user reads their own account, with the tenant that it belongs to."""
    tenant = await make_tenant(api, domain="studio.example")
    ann = await make_user(api, tenant, role=TenantUserRole.ADMIN)

    answer = await ann.get(f"/v1/tenants/{tenant}/me")

    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["id"], shown["email"], shown["role"]) == (ann.id, "ann@example.com", "ADMIN")
    assert (shown["tenant"]["id"], shown["tenant"]["domain"]) == (tenant, "studio.example")
    assert "passwordHash" not in answer.text


async def test_it_is_worthless_in_another_tenant(api: Api):
    """Another tenant does not exist for it, nor does one that nobody has."""
    one, other = await make_tenant(api), await make_tenant(api)
    ann = await make_user(api, one)

    for path in (other, "current", "nothing", one.upper()):
        answer = await ann.get(f"/v1/tenants/{path}/me")
        assert (answer.status_code, answer.json()["code"]) == (404, "tenant_not_found")


async def test_it_is_worthless_in_the_rest_of_the_api(api: Api):
    """No route of the service takes it for a log-in of one of its users."""
    tenant = await make_tenant(api)
    ann = await make_user(api, tenant)
    asked = 0
    for route in routes(api.app.openapi()):
        if "{tenantId}" in route.path or route.takes_body or not route.needs_caller:
            continue
        path = re.sub(r"{\w+}", tenant, route.path)
        answer = await ann.http.request(route.method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), route.name
        asked += 1

    assert asked > 50


async def test_other_credentials_are_worthless_in_a_tenant(api: Api):
    """Users of the service are strangers, with a token, with a cookie and as somebody else."""
    tenant = await make_tenant(api)
    ann = await api.person("ann")
    browser = await api.browser(ann.id, ann.email)
    tokens: Tokens = api.app.state.tokens
    claims = ImpersonationClaims(ann.id, ann.session, ann.id)
    expires = datetime.now(UTC) + timedelta(minutes=1)
    impersonation = api.client(tokens.impersonation(claims, expires=expires))

    for client in (ann.http, browser.http, impersonation, api.anonymous, api.client("nothing")):
        answer = await client.get(f"/v1/tenants/{tenant}/me")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_another_user_or_tenant_in_the_claims_is_refused(api: Api):
    """A signed token counts only for the session, the user and the tenant that belong together."""
    one, other = await make_tenant(api), await make_tenant(api)
    ann, bob = await make_user(api, one), await make_user(api, one, "bob")
    eve = await make_user(api, other, "eve")
    tokens: Tokens = api.app.state.tokens
    for claims in (
        TenantClaims(bob.id, ann.session, one),
        TenantClaims(ann.id, ann.session, other),
        TenantClaims(ann.id, eve.session, one),
    ):
        client = api.client(tokens.tenant(claims))
        answer = await client.get(f"/v1/tenants/{claims.tenant}/me")
        assert answer.status_code == 401


async def test_it_ends_with_its_session_and_its_user(api: Api):
    """An expired session, a deleted session and a deleted user are refused at once."""
    tenant = await make_tenant(api)
    ann = await make_user(api, tenant)
    path = f"/v1/tenants/{tenant}/me"
    expired = await sign_in(api, tenant, ann.id, ann.email, expires=timedelta(seconds=-1))
    assert (await expired.get(path)).status_code == 401
    second = await sign_in(api, tenant, ann.id, ann.email)
    await api.owner.tenantsession.delete(where={"id": second.session})
    assert (await second.get(path)).status_code == 401

    assert (await ann.get(path)).status_code == 200
    await api.owner.tenantuser.delete(where={"id": ann.id})
    assert (await ann.get(path)).status_code == 401


@pytest.mark.parametrize("host", ["studio.example", "Studio.Example.", "studio.example:8000"])
async def test_a_host_names_its_tenant(api: Api, host: str):
    """At its own domain a tenant is `current`, however the host is written."""
    tenant = await make_tenant(api, domain="studio.example")
    ann = await make_user(api, tenant)

    answer = await ann.http.get("/v1/tenants/current/me", headers={"Host": host})

    assert answer.json()["tenant"]["id"] == tenant


async def test_another_host_does_not_name_it(api: Api):
    """Neither an unknown host nor that of another tenant is the caller's."""
    await make_tenant(api, domain="other.example")
    ann = await make_user(api, await make_tenant(api, domain="studio.example"))

    for host in ("other.example", "nothing.example", "", "studio.example.evil.example"):
        answer = await ann.http.get("/v1/tenants/current/me", headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (404, "tenant_not_found")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("user", {"tid": "one"}),
        ("impersonation", {"tid": "one", "act": {"sub": "eve"}}),
        ("tenant", {}),
        ("tenant", {"tid": "one", "act": {"sub": "eve"}}),
    ],
)
async def test_a_token_is_of_one_kind(api: Api, kind: str, more: dict[str, object]):
    """Claims of two kinds are refused, although the signature is the server's."""
    tokens: Tokens = api.app.state.tokens
    good = tokens.access(user="ann", session="one")
    claims = jwt.decode(good, options={"verify_signature": False})
    claims |= {"kind": kind, "exp": datetime.now(UTC) + timedelta(minutes=1), **more}
    key = tokens._signing  # pyright: ignore[reportPrivateUsage]  # the service signs no such token
    forged = jwt.encode(claims, key.secret, algorithm="HS256", headers={"kid": key.id})

    with pytest.raises(InvalidToken):
        tokens.read(forged)
