"""Passwords of a tenant's users: set and reset by a mailed link, and changed when signed in."""

from datetime import UTC, datetime

import pytest

from app.accounts.links import MAILS_TO_ACCOUNT
from tests.accounts.log_ins import mails_to
from tests.fix_api import PASSWORD, Api
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.fix_work import Counter
from tests.tenants.log_ins import NEW, RESET, log_in, post

NOBODY = "nobody@example.com"


@pytest.fixture
async def studio(api: Api) -> TenantTeam:
    return await make_tenant_team(api, "red")


async def token_for(team: TenantTeam, email: str) -> str:
    """Return the token of the link that a user asks for."""
    assert (await post(team, "forgot-password", email=email)).status_code == 202
    return await team.api.link(email, RESET)


async def test_a_link_sets_the_first_password(studio: TenantTeam):
    """Before, nobody can log in to the account; the link works once."""
    staff = studio.staff
    await studio.api.owner.tenantuser.update(where={"id": staff.id}, data={"passwordHash": None})
    assert (await log_in(studio, staff.email)).status_code == 401
    token = await token_for(studio, staff.email)

    done = await post(studio, "reset-password", token=token, newPassword=NEW)

    assert done.status_code == 204
    assert (await log_in(studio, staff.email, NEW)).status_code == 200
    again = await post(studio, "reset-password", token=token, newPassword=PASSWORD)
    assert (again.status_code, again.json()["code"]) == (400, "invalid_link")


async def test_a_new_password_ends_all_sessions(studio: TenantTeam):
    """A mail tells the user; those of others go on."""
    token = await token_for(studio, studio.staff.email)

    await post(studio, "reset-password", token=token, newPassword=NEW)

    assert (await studio.staff.get(f"{studio.path}/me")).status_code == 401
    assert (await log_in(studio, studio.staff.email)).status_code == 401
    assert (await studio.admin.get(f"{studio.path}/me")).status_code == 200
    text = await studio.api.mail(studio.staff.email, "Your password was changed")
    assert f"at Team {studio.name}'s studio" in text


async def test_the_link_names_the_tenant_and_is_void_elsewhere(studio: TenantTeam):
    """Another tenant and the service do not know it; nor does anybody after a new address."""
    other = await make_tenant_team(studio.api, "blue")
    await post(studio, "forgot-password", email=studio.staff.email)
    text = await studio.api.mail(studio.staff.email, RESET)
    assert f"/tenants/{studio.id}/set-password#token=" in text
    token = text.partition("#token=")[2].split()[0]
    body = {"token": token, "newPassword": NEW}

    assert (await post(other, "reset-password", **body)).status_code == 400
    service = await studio.api.anonymous.post("/v1/auth/reset-password", json=body)
    assert service.status_code == 400
    await studio.api.owner.tenantuser.update(
        where={"id": studio.staff.id}, data={"email": "new@example.com"}
    )
    assert (await post(studio, "reset-password", **body)).status_code == 400


async def test_an_expired_link_is_refused(studio: TenantTeam):
    """The password stays as it was."""
    token = await token_for(studio, studio.staff.email)
    await studio.api.owner.tenantemailtoken.update_many(
        where={}, data={"expiresAt": datetime.now(UTC)}
    )

    answer = await post(studio, "reset-password", token=token, newPassword=NEW)

    assert answer.status_code == 400
    assert (await log_in(studio, studio.staff.email)).status_code == 200


async def test_unknown_addresses_get_the_same_answer_and_no_mail(studio: TenantTeam, work: Counter):
    """Nobody can be mailed in a tenant's name; the work is the same."""
    seen: set[bytes] = set()
    statements: set[int] = set()
    for email in (studio.staff.email, NOBODY):
        with work.counting() as done:
            answer = await post(studio, "forgot-password", email=email)
        assert answer.status_code == 202
        seen.add(answer.content)
        statements.add(len(done.statements))

    assert len(seen) == len(statements) == 1
    await studio.api.mail(studio.staff.email, RESET)
    assert await mails_to(studio.api, NOBODY) == 0


async def test_links_are_throttled_in_each_tenant(studio: TenantTeam):
    """Requests in one tenant, also for unknown addresses, use up nothing in another."""
    other = await make_tenant_team(studio.api, "blue")
    for _ in range(MAILS_TO_ACCOUNT.max_attempts):
        assert (await post(studio, "forgot-password", email=NOBODY)).status_code == 202

    assert (await post(studio, "forgot-password", email=NOBODY)).status_code == 429
    assert (await post(other, "forgot-password", email=NOBODY)).status_code == 202


async def test_a_password_is_changed_with_the_current_one(studio: TenantTeam):
    """It ends the other sessions, and the links that were mailed before."""
    me = f"{studio.path}/me"
    token = await token_for(studio, studio.staff.email)
    second = (await log_in(studio, studio.staff.email)).json()
    client = studio.api.client(second["accessToken"])
    body = {"currentPassword": "wrong", "newPassword": NEW}
    wrong = await client.post(f"{me}/password", json=body)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")

    done = await client.post(f"{me}/password", json={**body, "currentPassword": PASSWORD})

    assert done.status_code == 204
    assert (await client.get(me)).status_code == 200
    assert (await studio.staff.get(me)).status_code == 401
    assert (await log_in(studio, studio.staff.email, NEW)).status_code == 200
    answer = await post(studio, "reset-password", token=token, newPassword=PASSWORD)
    assert answer.status_code == 400
