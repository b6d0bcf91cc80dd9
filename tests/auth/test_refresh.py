"""POST /v1/auth/refresh: tokens that are exchanged, and what becomes of copies."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.auth.sessions import GRACE_PERIOD, LIFETIME
from app.auth.tokens import hash_secret
from tests.fix_api import Api

ANN = "ann@example.com"


async def log_in(api: Api) -> dict[str, Any]:
    await api.person("ann")
    return (await api.log_in(ANN)).json()


async def refresh(api: Api, token: str) -> httpx.Response:
    return await api.anonymous.post("/v1/auth/refresh", json={"refreshToken": token})


async def age(api: Api, token: str, by: timedelta) -> None:
    """Let a token have been rotated that much earlier."""
    row = await api.owner.refreshtoken.find_unique_or_raise(where={"hash": hash_secret(token)})
    assert row.rotatedAt is not None
    await api.owner.refreshtoken.update(
        where={"id": row.id}, data={"rotatedAt": row.rotatedAt - by}
    )


async def works(api: Api, pair: dict[str, Any]) -> bool:
    answer = await api.client(pair["accessToken"]).get("/v1/me")
    return answer.status_code == 200


async def test_a_token_is_exchanged_for_the_next(api: Api):
    """The new ones work and belong to the same session, whose end moves on."""
    first = await log_in(api)
    await api.owner.session.update_many(
        where={}, data={"expiresAt": datetime.now(UTC) + timedelta(minutes=1)}
    )

    answer = await refresh(api, first["refreshToken"])

    second = answer.json()
    assert answer.status_code == 200
    assert second["refreshToken"] != first["refreshToken"]
    assert await works(api, second)
    assert (await refresh(api, second["refreshToken"])).status_code == 200
    session = await api.owner.session.find_first_or_raise(
        where={"refreshTokens": {"some": {"hash": hash_secret(second["refreshToken"])}}},
        include={"refreshTokens": True},
    )
    assert len(session.refreshTokens or []) == 3
    assert session.expiresAt > datetime.now(UTC) + LIFETIME - timedelta(minutes=1)


async def test_only_hashes_are_stored(api: Api):
    """Who reads the database cannot refresh."""
    pair = await log_in(api)
    rows = await api.owner.query_raw('SELECT to_jsonb(r)::text AS row FROM "RefreshToken" AS r')

    assert pair["refreshToken"] not in rows[0]["row"]
    assert hash_secret(pair["refreshToken"]) in rows[0]["row"]


async def test_two_tabs_refresh_at_the_same_time(api: Api):
    """All succeed with tokens of one family; the token is rotated once."""
    first = await log_in(api)

    answers = await asyncio.gather(*(refresh(api, first["refreshToken"]) for _ in range(4)))

    assert [answer.status_code for answer in answers] == [200] * 4
    pairs = [answer.json() for answer in answers]
    assert len({pair["refreshToken"] for pair in pairs}) == 4
    rotated = await api.owner.refreshtoken.find_many(where={"NOT": [{"rotatedAt": None}]})
    assert [row.hash for row in rotated] == [hash_secret(first["refreshToken"])]
    for pair in pairs:
        assert (await refresh(api, pair["refreshToken"])).status_code == 200


async def test_a_late_copy_ends_the_session(api: Api):
    """After the grace a used token is a stolen one: nobody goes on in that session."""
    first = await log_in(api)
    second = (await refresh(api, first["refreshToken"])).json()
    await age(api, first["refreshToken"], GRACE_PERIOD - timedelta(seconds=8))
    assert (await refresh(api, first["refreshToken"])).status_code == 200
    await age(api, first["refreshToken"], GRACE_PERIOD)

    answer = await refresh(api, first["refreshToken"])

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_refresh_token"
    assert not await works(api, second)
    assert (await refresh(api, second["refreshToken"])).status_code == 401


async def test_a_copy_ends_no_other_session(api: Api):
    """A family is a session; another log-in of the same user goes on."""
    first = await log_in(api)
    other = (await api.log_in(ANN)).json()
    await refresh(api, first["refreshToken"])
    await age(api, first["refreshToken"], GRACE_PERIOD * 2)
    assert (await refresh(api, first["refreshToken"])).status_code == 401

    assert await works(api, other)
    assert (await refresh(api, other["refreshToken"])).status_code == 200


@pytest.mark.parametrize("what", ["refreshtoken", "session"])
async def test_expired_tokens_are_refused(api: Api, what: str):
    """A token, and a session, end at their time."""
    pair = await log_in(api)
    await getattr(api.owner, what).update_many(where={}, data={"expiresAt": datetime.now(UTC)})

    assert (await refresh(api, pair["refreshToken"])).status_code == 401


async def test_tokens_of_other_kinds_are_refused(api: Api):
    """An access token does not refresh, a refresh token does not call."""
    pair = await log_in(api)

    assert (await refresh(api, pair["accessToken"])).status_code == 401
    assert (await api.client(pair["refreshToken"]).get("/v1/me")).status_code == 401
    assert (await refresh(api, "nonsense")).status_code == 401


async def test_a_log_out_ends_the_family(api: Api):
    """What a session had is good for nothing after it: access token, refresh token."""
    pair = await log_in(api)

    assert (await api.client(pair["accessToken"]).post("/v1/auth/log-out")).status_code == 204

    assert not await works(api, pair)
    assert (await refresh(api, pair["refreshToken"])).status_code == 401
    assert await api.owner.refreshtoken.count() == 0
