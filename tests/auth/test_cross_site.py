"""Requests that change something by cookie come from a page of this site."""

import pytest

from app.auth.cookies import SessionCookies
from tests.auth.browsing import browser, cookie_of, log_in_by, web_log_in
from tests.fix_api import ORIGIN, Api
from tests.fix_work import Counter

PUBLIC_URL = "https://app.example.com/portal"
ALLOWED = {
    "of the request's own host": {"Origin": ORIGIN},
    "of its own host by TLS": {"Origin": "https://tenantry"},
    "of PUBLIC_URL": {"Origin": "https://app.example.com"},
    "of the same origin, says the browser": {"Sec-Fetch-Site": "same-origin"},
    "behind a proxy that changes the host": {
        "Origin": "http://localhost:5173",
        "Sec-Fetch-Site": "same-origin",
    },
    "of PUBLIC_URL, which is another origin": {
        "Origin": "https://app.example.com",
        "Sec-Fetch-Site": "same-site",
    },
}
REFUSED: dict[str, dict[str, str]] = {
    "unknown": {},
    "of another site": {"Origin": "https://evil.example"},
    "of another site, says the browser": {"Sec-Fetch-Site": "cross-site"},
    "of a neighbour": {"Sec-Fetch-Site": "same-site"},
    "of the address bar": {"Sec-Fetch-Site": "none"},
    "of a page without an origin": {"Origin": "null"},
    "of another port": {"Origin": f"{ORIGIN}:81"},
    "of a longer host": {"Origin": f"{ORIGIN}.evil.example"},
    "of a subdomain": {"Origin": "https://evil.app.example.com"},
    "of PUBLIC_URL without TLS": {"Origin": "http://app.example.com"},
    "of PUBLIC_URL with its path": {"Origin": PUBLIC_URL},
    "without a scheme": {"Origin": "tenantry"},
}
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def api_settings() -> dict[str, str]:
    return {"PUBLIC_URL": PUBLIC_URL}


async def cookie(api: Api) -> str:
    await api.person("ann")
    return cookie_of(await web_log_in(api))


async def test_a_page_of_this_site_may_change_something(api: Api):
    """Its requests are accepted, a log-in included."""
    sent = await cookie(api)
    for page, headers in ALLOWED.items():
        client = api.client(cookie=sent, **headers)
        assert (await client.patch("/v1/me", json={"name": page})).status_code == 200, page
        assert (await log_in_by(api.client(**headers))).status_code == 200, page


async def test_no_other_page_may(api: Api, work: Counter):
    """A request is refused before anything is asked; so is a log-in, which would sign the user in
    as somebody else."""
    sent = await cookie(api)
    for page, headers in REFUSED.items():
        client = api.client(cookie=sent, **headers)
        with work.counting() as done:
            changed = await client.patch("/v1/me", json={"name": "Anna"})
            logged_in = await log_in_by(client)
        for answer in (changed, logged_in):
            assert answer.status_code == 403, page
            assert answer.json()["code"] == "cross_site_request", page
            assert "set-cookie" not in answer.headers, page
        assert not done.statements, page
    assert (await browser(api, sent).get("/v1/me")).json()["name"] == "Ann"


async def test_two_origins_are_none(api: Api):
    """A browser sends one."""
    headers = [("Cookie", await cookie(api)), ("Origin", ORIGIN), ("Origin", ORIGIN)]
    answer = await api.anonymous.request("DELETE", "/v1/me/sessions/x", headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize("method", UNSAFE)
async def test_every_method_that_changes_something_is_checked(api: Api, method: str):
    """On every route that takes a cookie."""
    client = api.client(cookie=await cookie(api))
    paths = [path for path, found in api.app.openapi()["paths"].items() if method.lower() in found]
    checked = 0
    for path in paths:
        operation = api.app.openapi()["paths"][path][method.lower()]
        if {"SessionCookie": []} in operation.get("security", []):
            checked += 1
            answer = await client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request"), path
    assert checked


async def test_access_tokens_are_not_concerned(api: Api):
    """No other site can send one; a cookie beside it changes nothing."""
    ann = await api.person("ann")
    ann.http.headers["Cookie"] = cookie_of(await web_log_in(api))
    ann.http.headers["Origin"] = "https://evil.example"

    assert (await ann.patch("/v1/me", {"name": "Anna"})).status_code == 200


async def test_production_expects_tls(api: Api):
    """There the cookie is sent by TLS only, so no page without it may use it."""
    client = api.client(cookie=await cookie(api), origin=ORIGIN)
    settings = api.app.state.settings.model_copy(update={"app_env": "production"})
    api.app.state.settings, api.app.state.cookies = settings, SessionCookies(settings)

    assert (await client.post("/v1/auth/log-out")).status_code == 403
    client.headers["Origin"] = "https://tenantry"
    answer = await client.post("/v1/auth/log-out")
    assert answer.status_code == 204
    assert "; Secure" in answer.headers["set-cookie"]


async def test_reads_need_no_origin(api: Api):
    """A browser sends none with the request for a page's data of the same origin."""
    reader = browser(api, await cookie(api))
    del reader.headers["Origin"]

    assert (await reader.get("/v1/me")).status_code == 200
