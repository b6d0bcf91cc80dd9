"""POST /v1/auth/web-log-in: log-in with a cookie, by the same rules as with tokens."""

import asyncio

from app.accounts.login import TRIES
from tests.auth.browsing import (
    ANN,
    browser,
    cookie_of,
    log_in_by,
    row_of,
    session_of,
    sid_of,
    web_log_in,
)
from tests.fix_api import ORIGIN, PASSWORD, Api

PATH = "/v1/auth/web-log-in"


async def test_it_begins_a_session(api: Api):
    """It is listed like any other, and the answer has no tokens, but one for the known device."""
    await api.person("ann")
    answer = await web_log_in(api, **{"User-Agent": "a browser"})
    client = browser(api, cookie_of(answer))

    assert answer.status_code == 200
    assert set(answer.json()) == {"deviceToken"}
    items = (await client.get("/v1/me/sessions")).json()["items"]
    assert [item["userAgent"] for item in items if item["current"]] == ["a browser"]
    assert sid_of(cookie_of(answer)) not in (await client.get("/v1/me/sessions")).text
    assert await api.owner.refreshtoken.count() == 0


async def test_a_wrong_password_sets_no_cookie(api: Api):
    """The answer is that of a log-in with tokens."""
    await api.person("ann")
    wrong = {"email": ANN, "password": PASSWORD + "?"}
    answer = await api.client(origin=ORIGIN).post(PATH, json=wrong)
    with_tokens = await api.anonymous.post("/v1/auth/log-in", json=wrong)

    assert answer.status_code == 401
    assert (answer.text, answer.headers) == (with_tokens.text, with_tokens.headers)


async def test_attempts_count_together(api: Api):
    """Guesses at the one log-in are guesses at the other: the limits are the same."""
    await api.person("ann")
    for number in range(TRIES.max_attempts):
        log_in = api.client(origin=ORIGIN).post if number % 2 else api.anonymous.post
        path = PATH if number % 2 else "/v1/auth/log-in"
        assert (await log_in(path, json={"email": ANN, "password": "no"})).status_code == 401

    assert (await web_log_in(api)).status_code == 429
    assert (await api.log_in(ANN)).status_code == 429


async def test_a_known_device_is_known_to_both(api: Api):
    """The token that one log-in returned lets the other in while guesses have used up the limit."""
    await api.person("ann")
    device = (await web_log_in(api)).json()["deviceToken"]
    for _ in range(TRIES.max_attempts):
        await api.log_in(ANN, "no")
    body = {"email": ANN, "password": PASSWORD, "deviceToken": device}

    assert (await web_log_in(api)).status_code == 429
    assert (await api.anonymous.post("/v1/auth/log-in", json=body)).status_code == 200
    assert (await api.client(origin=ORIGIN).post(PATH, json=body)).status_code == 200


async def test_the_sid_changes_and_the_former_one_ends(api: Api):
    """A cookie that somebody planted, or that another user left, is worth nothing afterwards."""
    await api.person("ann")
    await api.person("ben")
    bens = cookie_of(await web_log_in(api, "ben@example.com"))
    session = await session_of(api, bens)

    anns = cookie_of(await web_log_in(api, cookie=bens))

    assert sid_of(anns) != sid_of(bens)
    assert await row_of(api, bens) is None
    assert await api.owner.session.find_unique(where={"id": session.id}) is None
    assert (await browser(api, bens).get("/v1/me")).status_code == 401
    assert (await browser(api, anns).get("/v1/me")).json()["email"] == ANN


async def test_a_failed_log_in_ends_nothing(api: Api):
    """Whoever mistypes stays signed in."""
    await api.person("ann")
    cookie = cookie_of(await web_log_in(api))
    answer = await browser(api, cookie).post(PATH, json={"email": ANN, "password": "no"})

    assert answer.status_code == 401
    assert (await browser(api, cookie).get("/v1/me")).status_code == 200


async def test_concurrent_log_ins_replace_one_cookie(api: Api):
    """Two tabs that log in with the same former cookie both get in; it ends once."""
    await api.person("ann")
    former = cookie_of(await web_log_in(api))

    answers = await asyncio.gather(*(log_in_by(browser(api, former)) for _ in range(2)))

    assert [answer.status_code for answer in answers] == [200] * 2
    assert await api.owner.websession.count() == 2
    assert (await browser(api, former).get("/v1/me")).status_code == 401


async def test_a_log_in_by_cookie_is_not_overtaken_by_a_change_of_password(api: Api):
    """A session that begins while the password changes ends with the others."""
    ann = await api.person("ann")
    await web_log_in(api)  # hashes the password again, which would be another change
    changed = {"currentPassword": PASSWORD, "newPassword": "another horse on the moon"}

    answer, change = await asyncio.gather(web_log_in(api), ann.post("/v1/me/password", changed))

    assert change.status_code == 204
    if answer.status_code == 200:  # it began first, and ended with the change
        assert (await browser(api, cookie_of(answer)).get("/v1/me")).status_code == 401
    assert await api.owner.websession.count() == 0
