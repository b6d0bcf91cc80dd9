"""POST /v1/auth/refresh: tokens that rotate, copies that are noticed, sessions that end."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from app.auth.sessions import GRACE_PERIOD, IDLE_LIFETIME
from app.auth.tokens import Tokens, hash_secret
from tests.auth.refreshing import ANN, age, log_in, refresh, session_of, use_keys, works
from tests.fix_api import Api
from tests.fix_service import SECRET_KEY

NEW_KEY = "the key that replaces the one before it"
FORKS = 60


async def test_a_token_is_exchanged_for_the_next(api: Api):
    """The new tokens work and belong to the same session, whose expiry moves on."""
    first = await log_in(api)
    await api.owner.session.update_many(
        where={}, data={"expiresAt": datetime.now(UTC) + timedelta(minutes=1)}
    )

    answer = await refresh(api, first["refreshToken"])

    second = answer.json()
    assert answer.status_code == 200
    assert set(second) == {"accessToken", "refreshToken", "tokenType", "expiresIn"}
    assert second["refreshToken"] != first["refreshToken"]
    assert await works(api, second)
    assert (await refresh(api, second["refreshToken"])).status_code == 200
    session = await session_of(api, second)
    assert len(session.refreshTokens or []) == 3
    assert session.expiresAt > datetime.now(UTC) + IDLE_LIFETIME - timedelta(minutes=1)


async def test_only_hashes_are_stored(api: Api):
    """Reading the database does not let anyone refresh."""
    first = await log_in(api)
    second = (await refresh(api, first["refreshToken"])).json()
    rows = await api.owner.query_raw('SELECT to_jsonb(r)::text AS row FROM "RefreshToken" AS r')
    stored = " ".join(row["row"] for row in rows)

    for pair in (first, second):
        assert pair["refreshToken"] not in stored
        assert hash_secret(pair["refreshToken"]) in stored


async def test_two_tabs_refresh_at_the_same_time(api: Api):
    """Both get the same refresh token, and an access token that works."""
    first = await log_in(api)

    answers = await asyncio.gather(*(refresh(api, first["refreshToken"]) for _ in range(4)))

    assert [answer.status_code for answer in answers] == [200] * 4
    pairs = [answer.json() for answer in answers]
    assert len({pair["refreshToken"] for pair in pairs}) == 1
    assert all([await works(api, pair) for pair in pairs])
    rotated = await api.owner.refreshtoken.find_many(where={"NOT": [{"rotatedAt": None}]})
    assert [row.hash for row in rotated] == [hash_secret(first["refreshToken"])]
    assert (await refresh(api, pairs[0]["refreshToken"])).status_code == 200


async def test_forks_collapse_into_one_chain(api: Api):
    """However often a token is presented within the grace period, it has one successor."""
    token = (await log_in(api))["refreshToken"]

    for generation, forks in enumerate((FORKS, 5, 5), start=1):
        answers = await asyncio.gather(*(refresh(api, token) for _ in range(forks)))
        assert {answer.status_code for answer in answers} == {200}
        (successor,) = {answer.json()["refreshToken"] for answer in answers}
        assert await api.owner.refreshtoken.count() == 1 + generation
        token = successor


async def test_a_repeated_exchange_does_not_rotate_the_successor(api: Api):
    """A client whose answer was lost gets it again, also after the successor was used."""
    first = (await log_in(api))["refreshToken"]
    second = (await refresh(api, first)).json()["refreshToken"]
    third = (await refresh(api, second)).json()["refreshToken"]

    assert (await refresh(api, first)).json()["refreshToken"] == second
    assert (await refresh(api, second)).json()["refreshToken"] == third
    assert await api.owner.refreshtoken.count() == 3


async def test_reuse_after_the_grace_period_ends_the_session(api: Api):
    """A used token is a stolen one then: neither its holder nor the thief goes on."""
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


@pytest.mark.parametrize("first_to_go_on", ["thief", "holder"])
async def test_a_theft_within_the_grace_period_is_detected(api: Api, first_to_go_on: str):
    """The thief's successor is the holder's: when both go on, the later use ends the session."""
    stolen = (await log_in(api))["refreshToken"]
    holder = (await refresh(api, stolen)).json()
    thief = (await refresh(api, stolen)).json()
    early, late = (thief, holder) if first_to_go_on == "thief" else (holder, thief)

    goes_on = (await refresh(api, early["refreshToken"])).json()
    await age(api, early["refreshToken"])
    refused = await refresh(api, late["refreshToken"])

    assert refused.status_code == 401
    assert await api.owner.refreshtoken.count() == 0
    for pair in (holder, thief, goes_on):
        assert not await works(api, pair)
        assert (await refresh(api, pair["refreshToken"])).status_code == 401


async def test_reuse_ends_no_other_session(api: Api):
    """Another log-in of the same user goes on."""
    first = await log_in(api)
    other = (await api.log_in(ANN)).json()
    await refresh(api, first["refreshToken"])
    await age(api, first["refreshToken"])
    assert (await refresh(api, first["refreshToken"])).status_code == 401

    assert await works(api, other)
    assert (await refresh(api, other["refreshToken"])).status_code == 200


async def test_a_key_that_is_replaced_within_the_grace_period(api: Api):
    """The successor that a former key derived is found and returned again."""
    first = (await log_in(api))["refreshToken"]
    second = (await refresh(api, first)).json()["refreshToken"]

    use_keys(api, NEW_KEY, former=[SECRET_KEY])

    assert (await refresh(api, first)).json()["refreshToken"] == second
    assert await api.owner.refreshtoken.count() == 2
    assert (await refresh(api, second)).status_code == 200


async def test_a_key_that_is_given_up_within_the_grace_period(api: Api):
    """The successor cannot be derived again: a 401, while the session and its successor live."""
    first = (await log_in(api))["refreshToken"]
    second = (await refresh(api, first)).json()["refreshToken"]

    use_keys(api, NEW_KEY)

    refused = await refresh(api, first)
    assert refused.status_code == 401
    assert refused.json()["code"] == "invalid_refresh_token"
    assert await api.owner.refreshtoken.count() == 2
    assert (await refresh(api, second)).status_code == 200


async def chain(api: Api, token: str, length: int) -> list[str]:
    """Refresh one after the other, each after the grace period; return all tokens."""
    chain = [token]
    for _ in range(length):
        chain.append((await refresh(api, chain[-1])).json()["refreshToken"])
        await age(api, chain[-2])
    return chain


async def is_stored(api: Api, token: str) -> bool:
    return bool(await api.owner.refreshtoken.count(where={"hash": hash_secret(token)}))


async def test_a_client_that_keeps_refreshing_accumulates_no_rows(api: Api):
    """What was exchanged is deleted after the grace period; other sessions keep theirs."""
    other = (await log_in(api))["refreshToken"]
    await refresh(api, other)
    token = (await api.log_in(ANN)).json()["refreshToken"]

    tokens = await chain(api, token, 6)

    assert len(set(tokens)) == 7
    assert [await is_stored(api, each) for each in tokens] == [False] * 5 + [True] * 2
    assert await api.owner.refreshtoken.count() == 4


@pytest.mark.parametrize("age_of_token", [1, 4])
async def test_reuse_of_a_token_whose_row_is_deleted_ends_the_session(api: Api, age_of_token: int):
    """A thief cannot hide by refreshing often until the holder comes back."""
    first = await log_in(api)
    other = (await api.log_in(ANN)).json()
    tokens = await chain(api, first["refreshToken"], 5)
    reused = tokens[-2 - age_of_token]
    assert not await is_stored(api, reused)

    answer = await refresh(api, reused)

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_refresh_token"
    assert not await works(api, first)
    assert (await refresh(api, tokens[-1])).status_code == 401
    assert await works(api, other)


async def test_reuse_while_the_row_is_deleted_ends_the_session(api: Api):
    """A row that disappears between finding and locking it was exchanged before."""
    first = await log_in(api)
    tokens = await chain(api, first["refreshToken"], 1)
    async with api.owner.tx() as tx:
        await tx.query_raw('SELECT id FROM "Session" FOR UPDATE')
        reusing = asyncio.create_task(refresh(api, tokens[0]))
        await api.wait_for_blocked_queries(1)
        await tx.refreshtoken.delete_many(where={"hash": hash_secret(tokens[0])})

    assert (await reusing).status_code == 401
    assert not await works(api, first)


async def test_a_forged_token_ends_no_session(api: Api):
    """Whoever knows the ids of a session cannot name it in a token."""
    mine = (await chain(api, (await log_in(api))["refreshToken"], 3))[0]
    ben = await api.person("ben")
    user, session, number, signature = mine.split(".")
    sessions = await api.owner.session.count()

    for forged in (
        f"{ben.id}.{ben.session}.{number}.{signature}",
        f"{user}.{ben.session}.{number}.{signature}",
        f"{user}.{session}.9.{signature}",
        f"{user}.{session}.{number}.",
        f"{user}.{session}.{number}.\u00e9",
        "...",
    ):
        assert (await refresh(api, forged)).status_code == 401

    assert (await ben.get("/v1/me")).status_code == 200
    assert await api.owner.session.count() == sessions


@pytest.mark.parametrize(("former", "ended"), [([SECRET_KEY], 1), ([], 0)])
async def test_reuse_after_the_key_was_replaced(api: Api, former: list[str], ended: int):
    """It is noticed as long as the key that signed the token is configured."""
    tokens = await chain(api, (await log_in(api))["refreshToken"], 3)
    sessions = await api.owner.session.count()
    use_keys(api, NEW_KEY, former=former)

    assert (await refresh(api, tokens[0])).status_code == 401

    assert await api.owner.session.count() == sessions - ended


async def test_tokens_of_the_former_release_keep_working(api: Api):
    """They name no session, so their rows stay, and their reuse is noticed by them."""
    first = await log_in(api)
    await api.owner.refreshtoken.update_many(where={}, data={"hash": hash_secret("former")})

    tokens = await chain(api, "former", 4)

    assert await api.owner.refreshtoken.count() == 5
    assert (await refresh(api, tokens[3])).status_code == 401
    assert not await works(api, first)


async def test_nobody_derives_a_successor_without_the_key(api: Api):
    """Another key derives another one, and so does another token."""
    settings = api.app.state.settings
    other = Tokens(settings.model_copy(update={"secret_key": SecretStr(NEW_KEY)}))
    tokens = Tokens(settings)

    derived = {
        made.sign("successor", token) for made in (tokens, other) for token in ("one", "two")
    }

    assert len(derived) == 4
    assert tokens.sign("successor", "one") == Tokens(settings).sign("successor", "one")
    assert tokens.sign("another purpose", "one") not in derived


@pytest.mark.parametrize("what", ["refreshtoken", "session"])
async def test_expired_tokens_are_refused(api: Api, what: str):
    """A token and a session are refused from their expiry on."""
    pair = await log_in(api)
    await getattr(api.owner, what).update_many(where={}, data={"expiresAt": datetime.now(UTC)})

    assert (await refresh(api, pair["refreshToken"])).status_code == 401


async def test_tokens_of_other_kinds_are_refused(api: Api):
    """An access token does not refresh, and a refresh token is no access token."""
    pair = await log_in(api)

    assert (await refresh(api, pair["accessToken"])).status_code == 401
    assert (await api.client(pair["refreshToken"]).get("/v1/me")).status_code == 401
    assert (await refresh(api, "nonsense")).status_code == 401


async def test_a_log_out_ends_the_family(api: Api):
    """Neither the access token nor the refresh token works after it."""
    pair = await log_in(api)

    assert (await api.client(pair["accessToken"]).post("/v1/auth/log-out")).status_code == 204

    assert not await works(api, pair)
    assert (await refresh(api, pair["refreshToken"])).status_code == 401
    assert await api.owner.refreshtoken.count() == 0
