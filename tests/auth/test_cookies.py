"""The cookie itself: its form, its secrets, and what is refused of it."""

import hmac
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

from app.auth.cookies import NAME, SessionCookies
from app.settings import Settings
from tests.auth.browsing import browser, cookie_of, log_in_by, sid_of, sign, use_secrets, web_log_in
from tests.fix_api import Api
from tests.fix_service import SECRET_KEY, SESSION_SECRET

OLD, NEW = "the secret that signed until today", "the secret that signs from now on"


def signed_by(secret: str, sid: str) -> str:
    """Return a cookie's value, signed as express-session signs it."""
    signature = b64encode(hmac.digest(secret.encode(), sid.encode(), "sha256")).decode()
    return quote(f"s:{sid}.{signature.rstrip('=')}", safe="")


def test_its_form_is_that_of_express_session():
    """The value was made with the npm package cookie-signature."""
    settings = Settings.model_validate({"secret_key": SECRET_KEY, "session_secret": [NEW, OLD]})
    cookies = SessionCookies(settings)
    value = "s%3Ahello.6ZN9wUqtc%2FbA56CcaXC32IbHcPZu1%2BODRTu0Z6ovEtk"  # signed with OLD

    def request(*cookie: str) -> dict[str, object]:
        return {"headers": [(b"cookie", each.encode()) for each in cookie]}

    assert cookies.read(request(f"a=b; {NAME}={value}; c=d")) == "hello"
    assert cookies.read(request("a=b", f"{NAME}={value}")) == "hello"
    assert cookies.read(request(f"x{NAME}={value}")) is None
    assert cookies.read(request()) is None


async def test_a_log_in_sets_it(api: Api):
    """Scripts cannot read it, other sites' forms do not send it, it outlives the browser."""
    await api.person("ann")
    answer = await web_log_in(api)

    (header,) = answer.headers.get_list("set-cookie")
    value, *attributes = header.split("; ")
    assert value == f"{NAME}={signed_by(SESSION_SECRET, sid_of(value))}"
    assert attributes == ["Max-Age=2592000", "Path=/", "HttpOnly", "SameSite=Lax"]
    assert len(sid_of(value)) >= 32


def test_it_is_secure_outside_development():
    """Browsers then send it by TLS only, and so they do when it is removed."""
    settings = Settings.model_validate({"secret_key": SECRET_KEY, "session_secret": [NEW]})
    production = SessionCookies(settings.model_copy(update={"app_env": "production"}))

    assert production.clear().endswith("; HttpOnly; SameSite=Lax; Secure")
    assert "Secure" not in SessionCookies(settings).clear()


HOSTILE: dict[str, Callable[[str], str]] = {
    "empty": lambda _: f"{NAME}=",
    "without a value": lambda _: NAME,
    "unsigned": lambda sid: f"{NAME}={sid}",
    "without a signature": lambda sid: f"{NAME}=s%3A{sid}",
    "with an empty signature": lambda sid: f"{NAME}=s%3A{sid}.",
    "without a sid": lambda _: f"{NAME}={signed_by(SESSION_SECRET, '')}",
    "nothing but its prefix": lambda _: f"{NAME}=s%3A",
    "without its prefix": lambda sid: f"{NAME}={signed_by(SESSION_SECRET, sid)[4:]}",
    "truncated": lambda sid: f"{NAME}={signed_by(SESSION_SECRET, sid)[:-1]}",
    "extended": lambda sid: f"{NAME}={signed_by(SESSION_SECRET, sid)}A",
    "encoded twice": lambda sid: f"{NAME}={quote(signed_by(SESSION_SECRET, sid))}",
    "of another case": lambda sid: f"Connect.Sid={signed_by(SESSION_SECRET, sid)}",
    "signed for another sid": lambda sid: (
        f"{NAME}=s%3A{sid}.{signed_by(SESSION_SECRET, 'x' + sid).partition('.')[2]}"
    ),
    "signed with another secret": lambda sid: f"{NAME}={signed_by('x' * 32, sid)}",
    "signed with no secret": lambda sid: f"{NAME}={signed_by('', sid)}",
    "sent twice": lambda sid: f"{NAME}={signed_by(SESSION_SECRET, sid)}; " * 2,
    "sent with a forged one": lambda sid: (
        f"{NAME}={signed_by(SESSION_SECRET, sid)}; {NAME}={signed_by('x' * 32, sid)}"
    ),
    "oversized": lambda _: f"{NAME}={signed_by(SESSION_SECRET, 'x' * 5000)}",
    "no UTF-8": lambda sid: f"{NAME}=%ff{signed_by(SESSION_SECRET, sid)}",
    "no ASCII": lambda sid: f"{NAME}=\xff{signed_by(SESSION_SECRET, sid)}",
    "with a NUL": lambda _: f"{NAME}={signed_by(SESSION_SECRET, chr(0))}",
    "of nobody": lambda _: f"{NAME}={signed_by(SESSION_SECRET, 'nobody')}",
}


async def test_a_cookie_that_is_not_ours_is_like_none(api: Api):
    """Reads and changes get the 401 of a caller without credentials; a log-in ignores it."""
    await api.person("ann")
    sid = sid_of(cookie_of(await web_log_in(api)))
    nobody = await api.anonymous.get("/v1/me")
    for how, make in HOSTILE.items():
        hostile = browser(api, make(sid))
        for answer in (await hostile.get("/v1/me"), await hostile.post("/v1/auth/log-out")):
            assert answer.status_code == 401, how
            assert (answer.text, answer.headers) == (nobody.text, nobody.headers), how
        assert (await log_in_by(hostile)).status_code == 200, how
        await api.owner.throttle.delete_many()

    assert await api.owner.websession.count() == 1 + len(HOSTILE)
    assert (await browser(api, sign(api, sid)).get("/v1/me")).status_code == 200


async def test_an_access_token_counts_alone(api: Api):
    """With an Authorization header, valid or not, the cookie is not looked at."""
    ann, ben = await api.person("ann"), await api.person("ben")
    cookie = cookie_of(await web_log_in(api))
    ben.http.headers["Cookie"] = cookie

    assert (await ben.get("/v1/me")).json()["email"] == ben.email
    for authorization in ("Bearer forged", "Basic YTpi", ""):
        answer = await browser(api, cookie).get("/v1/me", headers={"Authorization": authorization})
        assert answer.status_code == 401
    assert (await browser(api, cookie).get("/v1/me")).json()["id"] == ann.id


async def test_secrets_rotate(api: Api):
    """Cookies of a former secret work while it is listed; new ones are signed with the first."""
    await api.person("ann")
    use_secrets(api, OLD)
    old = cookie_of(await web_log_in(api))

    use_secrets(api, NEW, OLD)
    assert (await browser(api, old).get("/v1/me")).status_code == 200
    new = cookie_of(await web_log_in(api))
    assert new == f"{NAME}={signed_by(NEW, sid_of(new))}" == sign(api, sid_of(new))

    use_secrets(api, NEW)
    assert (await browser(api, old).get("/v1/me")).status_code == 401
    assert (await browser(api, new).get("/v1/me")).status_code == 200
