"""Steps that the tests of cookies share."""

from datetime import timedelta
from typing import Any

import httpx
from prisma.models import Session
from pydantic import SecretStr

from app.auth.cookies import NAME, SessionCookies
from app.auth.web_sessions import TOUCH_EVERY
from tests.fix_api import ORIGIN, PASSWORD, Api

ANN = "ann@example.com"


async def web_log_in(api: Api, email: str = ANN, **headers: str) -> httpx.Response:
    """Log in with a cookie, as a page of this site does."""
    return await log_in_by(api.client(origin=ORIGIN, **headers), email)


async def log_in_by(client: httpx.AsyncClient, email: str = ANN) -> httpx.Response:
    return await client.post("/v1/auth/web-log-in", json={"email": email, "password": PASSWORD})


def cookie_of(response: httpx.Response) -> str:
    """Return the cookie that a response sets, as a browser sends it back."""
    (header,) = response.headers.get_list("set-cookie")
    return header.partition(";")[0]


def sid_of(cookie: str) -> str:
    return cookie.removeprefix(f"{NAME}=s%3A").partition(".")[0]


def sign(api: Api, sid: str) -> str:
    """Return the cookie for a sid, signed as the service signs."""
    cookies: SessionCookies = api.app.state.cookies
    return cookies.write(sid, lifetime=timedelta(days=1)).partition(";")[0]


def browser(api: Api, cookie: str) -> httpx.AsyncClient:
    """Return a client that sends a cookie from a page of this site."""
    client = api.client(origin=ORIGIN)
    client.headers = httpx.Headers([*client.headers.raw, (b"cookie", cookie.encode("latin-1"))])
    return client


def use_secrets(api: Api, *secrets: str) -> None:
    """Let the service sign cookies with the first of these secrets, and accept all of them."""
    settings = api.app.state.settings.model_copy(
        update={"session_secret": tuple(SecretStr(secret) for secret in secrets)}
    )
    api.app.state.cookies = SessionCookies(settings)


async def row_of(api: Api, cookie: str) -> dict[str, Any] | None:
    """Return the row of a cookie: its document as text, and the seconds until it expires."""
    return await api.owner.query_first(
        """
        SELECT sess::text AS "sess",
            extract(epoch FROM expire - localtimestamp)::float8 AS "seconds"
        FROM "session" WHERE sid = $1
        """,
        sid_of(cookie),
    )


async def session_of(api: Api, cookie: str) -> Session:
    """Return the session that a cookie stands for."""
    return await api.owner.session.find_first_or_raise(where={"webSessionId": sid_of(cookie)})


async def age(api: Api, by: timedelta = 2 * TOUCH_EVERY) -> None:
    """Let every session have been used that long ago, and not since."""
    await api.owner.execute_raw(
        """
        UPDATE "Session" SET "usedAt" = "usedAt" - make_interval(secs => $1),
            "expiresAt" = "expiresAt" - make_interval(secs => $1)
        """,
        by.total_seconds(),
    )
    await api.owner.execute_raw(
        'UPDATE "session" SET expire = expire - make_interval(secs => $1)', by.total_seconds()
    )
