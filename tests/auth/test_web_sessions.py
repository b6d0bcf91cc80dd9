"""Web sessions: how long they live, and what ends them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from app.auth.sessions import IDLE_LIFETIME
from app.auth.web_sessions import TOUCH_EVERY
from app.operations import sweeps
from tests.auth.browsing import (
    ANN,
    age,
    browser,
    cookie_of,
    row_of,
    session_of,
    sid_of,
    sign,
    use_secrets,
    web_log_in,
)
from tests.fix_api import PASSWORD, Api
from tests.fix_team import Team
from tests.fix_work import Counter

NEW_PASSWORD = "another horse on the moon"
OLD, NEW = "the secret that signed until today", "the secret that signs from now on"
IDLE = IDLE_LIFETIME.total_seconds()


async def log_in(api: Api) -> str:
    await api.person("ann")
    return cookie_of(await web_log_in(api))


async def seconds_left(api: Api, cookie: str) -> float:
    row = await row_of(api, cookie)
    assert row
    return row["seconds"]


async def test_a_request_sends_one_statement_more(api: Api, team: Team, work: Counter):
    """It reads the row of the cookie, and writes nothing; with a token there is nothing to read."""
    owner = team.owner
    cookie = (await api.browser(owner.id, owner.email)).http
    for path in ("/v1/me", team.path):
        with work.counting() as with_token:
            await owner.get(path)
        with work.counting() as with_cookie:
            answer = await cookie.get(path)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert with_cookie.statements[1:] == with_token.statements
        assert with_cookie.statements[0].split()[0] == "SELECT"


async def test_activity_extends_it(api: Api, work: Counter):
    """An hour after the last touch a request moves the expiry, in one statement, and sends the
    cookie again; the document stays as it is."""
    cookie = await log_in(api)
    client = browser(api, cookie)
    await age(api, TOUCH_EVERY)
    before = await row_of(api, cookie)
    assert before

    with work.counting() as done:
        answer = await client.get("/v1/me")

    assert cookie_of(answer) == cookie
    assert f"Max-Age={int(IDLE)};" in answer.headers["set-cookie"]
    assert len(done.statements) == 3
    after = await row_of(api, cookie)
    assert after
    assert after["sess"] == before["sess"]
    assert before["seconds"] < IDLE - 3500 < IDLE - 60 < after["seconds"] <= IDLE
    session = await session_of(api, cookie)
    assert abs(session.expiresAt - session.usedAt - IDLE_LIFETIME) < timedelta(seconds=1)
    assert session.usedAt > datetime.now(UTC) - timedelta(minutes=1)
    assert "set-cookie" not in (await client.get("/v1/me")).headers


async def test_errors_send_the_cookie_again_too(api: Api, team: Team):
    """Whatever the response is: the expiry has moved."""
    person = await api.browser(team.member.id, team.member.email)
    for method, path, status in (
        ("PATCH", team.path, 403),
        ("GET", "/v1/workspaces/nothing123", 404),
        ("PATCH", "/v1/me", 422),
    ):
        await age(api)
        answer = await person.request(method, path, json={"name": ""})
        assert answer.status_code == status
        assert "connect.sid=s%3A" in answer.headers["set-cookie"]


async def test_concurrent_requests_touch_it_once(api: Api):
    """Of those that come after an hour, one writes; all succeed."""
    client = browser(api, await log_in(api))
    await age(api)

    answers = await asyncio.gather(*(client.get("/v1/me") for _ in range(8)))

    assert [answer.status_code for answer in answers] == [200] * 8
    assert sum("set-cookie" in answer.headers for answer in answers) == 1


async def test_activity_does_not_extend_it_beyond_its_end(api: Api):
    """The absolute lifetime holds for the session, the row and the cookie."""
    cookie = await log_in(api)
    await age(api)
    ends = datetime.now(UTC) + timedelta(hours=5)
    await api.owner.session.update_many(where={}, data={"endsAt": ends})

    answer = await browser(api, cookie).get("/v1/me")

    assert answer.status_code == 200
    assert 17_900 < await seconds_left(api, cookie) <= 18_000
    age_sent = int(answer.headers["set-cookie"].partition("Max-Age=")[2].partition(";")[0])
    assert 17_900 < age_sent <= 18_000
    assert (await session_of(api, cookie)).expiresAt == ends


async def test_it_expires_without_activity(api: Api):
    """After 30 days the row has expired, and the session too."""
    cookie = await log_in(api)
    await age(api, IDLE_LIFETIME)

    assert (await browser(api, cookie).get("/v1/me")).status_code == 401


async def test_a_row_alone_does_not_keep_a_session(api: Api):
    """Another application may extend the row as far as it likes."""
    cookie = await log_in(api)
    await api.owner.session.update_many(where={}, data={"expiresAt": datetime.now(UTC)})

    assert (await browser(api, cookie).get("/v1/me")).status_code == 401


async def test_a_touch_signs_with_the_first_secret(api: Api):
    """So a former secret can be removed once every cookie was used."""
    await api.person("ann")
    use_secrets(api, OLD)
    old = cookie_of(await web_log_in(api))
    use_secrets(api, NEW, OLD)
    await age(api)

    new = cookie_of(await browser(api, old).get("/v1/me"))

    assert new == sign(api, sid_of(old)) != old
    use_secrets(api, NEW)
    assert (await browser(api, new).get("/v1/me")).status_code == 200
    assert (await browser(api, old).get("/v1/me")).status_code == 401


async def test_log_out_ends_it(api: Api):
    """The row and the session are deleted, the browser forgets the cookie, a copy is worthless."""
    cookie = await log_in(api)
    session = await session_of(api, cookie)

    answer = await browser(api, cookie).post("/v1/auth/log-out")

    assert answer.status_code == 204
    assert answer.headers["set-cookie"].startswith("connect.sid=; Max-Age=0; Path=/; ")
    assert await row_of(api, cookie) is None
    assert await api.owner.session.find_unique(where={"id": session.id}) is None
    assert (await browser(api, cookie).get("/v1/me")).status_code == 401


async def test_log_out_wins_over_a_touch(api: Api):
    """The browser forgets the cookie also if the same response would have extended it."""
    client = browser(api, await log_in(api))
    await age(api)

    answer = await client.post("/v1/auth/log-out")

    extended, cleared = answer.headers.get_list("set-cookie")
    assert "Max-Age=2592000" in extended
    assert "Max-Age=0" in cleared


async def test_a_token_leaves_cookies_alone(api: Api):
    """Logging out with an access token clears no cookie: it belongs to another session."""
    cookie = await log_in(api)
    tokens = await api.log_in(ANN)
    client = api.client(tokens.json()["accessToken"], cookie=cookie)

    answer = await client.post("/v1/auth/log-out")

    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers
    assert (await browser(api, cookie).get("/v1/me")).status_code == 200


@pytest.mark.parametrize("how", ["password", "reset", "one by one", "account", "sweep"])
async def test_whatever_ends_sessions_ends_it(api: Api, how: str):
    """Its row is deleted in the same transaction; another user's stays."""
    ben = await api.person("ben")
    bens = cookie_of(await web_log_in(api, ben.email))
    cookie = await log_in(api)
    session = (await (client := browser(api, cookie)).get("/v1/me/sessions")).json()["items"][0]
    person = await api.signed_in((await client.get("/v1/me")).json()["id"], ANN)
    changed = {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}
    match how:
        case "password":
            assert (await person.post("/v1/me/password", changed)).status_code == 204
        case "reset":
            await api.anonymous.post("/v1/auth/forgot-password", json={"email": ANN})
            body = {"token": await api.link(ANN, "Set a new password"), "newPassword": NEW_PASSWORD}
            answer = await api.anonymous.post("/v1/auth/reset-password", json=body)
            assert answer.status_code == 204
        case "one by one":
            assert (await person.delete(f"/v1/me/sessions/{session['id']}")).status_code == 204
        case "account":
            assert (await person.delete("/v1/me", {"password": PASSWORD})).status_code == 204
        case _:
            await api.owner.session.update_many(
                where={"userId": person.id}, data={"expiresAt": datetime.now(UTC)}
            )
            await sweep(api)

    assert await row_of(api, cookie) is None
    assert (await client.get("/v1/me")).status_code == 401
    assert (await browser(api, bens).get("/v1/me")).status_code == 200


async def sweep(api: Api) -> None:
    """Sweep as the service does; the fixture of the API keeps that from happening by itself."""
    await SWEEP(api.owner, api.app.state.settings)


SWEEP = sweeps.sweep


async def test_changing_the_password_keeps_the_own_session(api: Api):
    """As with tokens: the other sessions end."""
    client = browser(api, await log_in(api))
    other = cookie_of(await web_log_in(api))
    changed = {"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD}

    assert (await client.post("/v1/me/password", json=changed)).status_code == 204

    assert (await client.get("/v1/me")).status_code == 200
    assert (await browser(api, other).get("/v1/me")).status_code == 401


async def test_deleting_the_account_clears_the_cookie(api: Api):
    """The browser forgets it."""
    client = browser(api, await log_in(api))

    answer = await client.request("DELETE", "/v1/me", json={"password": PASSWORD})

    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert await api.owner.websession.count() == 0


async def test_a_row_that_another_application_wrote_replaces_the_first(api: Api):
    """As after `regenerate` of express-session: from its first use on, the session has that row
    alone, and ends with it on both sides."""
    first = await log_in(api)
    session = await session_of(api, first)
    own = json.dumps({"userId": session.userId, "sessionId": session.id})
    await api.write_web_session("second", own)
    second = sign(api, "second")

    assert (await browser(api, second).get("/v1/me")).status_code == 200

    assert await row_of(api, first) is None
    assert (await browser(api, first).get("/v1/me")).status_code == 401
    await api.owner.session.delete_many()
    assert await row_of(api, second) is None


async def test_a_session_that_ends_meanwhile_is_not_extended(api: Api):
    """A touch that waits for the end of a session finds none, and writes no row."""
    cookie = await log_in(api)
    await age(api)
    async with api.owner.tx() as tx:
        await tx.session.delete_many()
        waiting = asyncio.create_task(browser(api, cookie).get("/v1/me"))
        await api.wait_for_blocked_queries(1)
    answer = await waiting

    assert answer.status_code == 200  # as any request that began before the end
    assert "set-cookie" not in answer.headers
    assert await api.owner.websession.count() == 0
