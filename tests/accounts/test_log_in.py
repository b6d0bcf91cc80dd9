"""POST /v1/auth/log-in."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx

from app.accounts.rules import LOG_INS_FROM_ADDRESS, LOG_INS_OF_ACCOUNT, TRIES
from app.auth import passwords
from app.auth.throttle import Limit
from tests.fix_api import PASSWORD, PASSWORD_HASH, Api
from tests.fix_work import Counter, Work

ANN = "ann@example.com"


async def use_up(api: Api, limit: Limit) -> None:
    """Let all attempts have been made."""
    done = await api.owner.throttle.update_many(
        where={"key": {"startswith": limit.name}}, data={"count": limit.most}
    )
    assert done == 1


async def test_it_begins_a_session(api: Api):
    """The tokens work, and the session knows with what it was begun."""
    await api.person("ann")
    answer = await api.anonymous.post(
        "/v1/auth/log-in",
        json={"email": "ANN@example.com", "password": PASSWORD},
        headers={"User-Agent": "a browser\t" + "x" * 300},
    )
    me = api.client(answer.json()["accessToken"])
    sessions = (await me.get("/v1/me/sessions")).json()["items"]

    assert answer.status_code == 200
    assert set(answer.json()) == {"accessToken", "refreshToken", "tokenType", "expiresIn"}
    assert sessions[0]["current"]
    assert sessions[0]["userAgent"].startswith("a browserxxx")
    assert len(sessions[0]["userAgent"]) == 200


async def test_nobody_learns_whether_there_is_an_account(api: Api, work: Counter):
    """No account, a wrong password, an unconfirmed address: the same answer for the same work."""
    await api.person("ann")
    await api.person("bob", confirmed=False)
    seen: set[bytes] = set()
    done: list[Work] = []
    for email, password in [
        ("nobody@example.com", PASSWORD),
        (ANN, PASSWORD + "?"),
        ("bob@example.com", PASSWORD + "?"),
    ]:
        with work.counting() as this:
            answer = await api.log_in(email, password)
        assert answer.status_code == 401
        seen.add(answer.content + repr(answer.headers.raw).encode())
        done.append(this)
    unconfirmed = await api.log_in("bob@example.com")

    assert len(seen) == 1
    assert done[0].hashes == 1
    assert len(done[0].statements) > 2
    assert done[0] == done[1] == done[2]
    assert unconfirmed.content in next(iter(seen))
    assert unconfirmed.json()["code"] == "wrong_credentials"


async def test_an_account_without_a_password_is_like_none(api: Api, work: Counter):
    """Such an account cannot be logged in to, and does not show."""
    ann = await api.person("ann")
    await api.owner.user.update(where={"id": ann.id}, data={"passwordHash": None})

    with work.counting() as done:
        answer = await api.log_in(ANN, "")
        answer = await api.log_in(ANN)

    assert answer.status_code == 401
    assert done.hashes == 1


async def test_hashes_of_former_parameters_are_replaced(api: Api):
    """Who logs in has their password hashed as it is done today; it still works."""
    ann = await api.person("ann")

    assert (await api.log_in(ANN)).status_code == 200
    user = await api.owner.user.find_unique_or_raise(where={"id": ann.id})
    assert user.passwordHash != PASSWORD_HASH
    assert user.passwordHash is not None
    assert "m=65536" in user.passwordHash
    assert (await api.log_in(ANN)).status_code == 200


async def test_many_at_once_replace_a_hash(api: Api):
    """One replaces it, and the others do not take that for another password."""
    await api.person("ann")

    answers = await asyncio.gather(*(api.log_in(ANN) for _ in range(4)))

    assert [answer.status_code for answer in answers] == [200] * 4


async def test_a_password_that_changes_meanwhile_opens_nothing(api: Api):
    """Who logs in with the former one again and again is out when it is changed."""
    ann = await api.person("ann")
    changed = await passwords.hash_password(f"{PASSWORD}, and another")

    async with api.owner.tx() as tx:
        await tx.user.update(where={"id": ann.id}, data={"passwordHash": changed})
        logging_in = asyncio.create_task(api.log_in(ANN))
        await api.wait_for_blocked_queries(1)
    answer = await logging_in

    assert answer.status_code == 401
    assert answer.json()["code"] == "wrong_credentials"
    assert await api.owner.session.count() == 1


async def test_an_account_is_throttled(api: Api):
    """After so many failures even the right password is refused, and one is told how long."""
    await api.person("ann")
    await api.person("bob")
    for _ in range(TRIES.most):
        assert (await api.log_in(ANN, "wrong")).status_code == 401

    refused = await api.log_in("Ann@example.com")

    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many_attempts"
    assert 0 < int(refused.headers["retry-after"]) <= TRIES.within.total_seconds()
    assert (await api.log_in("bob@example.com")).status_code == 200

    await api.owner.throttle.update_many(where={}, data={"resetsAt": datetime.now(UTC)})
    assert (await api.log_in(ANN)).status_code == 200


async def test_accounts_that_do_not_exist_are_throttled_alike(api: Api):
    """The limit says nothing about whether there is an account."""
    assert (await api.log_in("nobody@example.com")).status_code == 401
    await use_up(api, LOG_INS_OF_ACCOUNT)

    assert (await api.log_in("nobody@example.com")).status_code == 429


async def test_guessing_elsewhere_locks_nobody_out(api: Api):
    """What counts first is where it comes from; from many addresses there is a limit too."""
    await api.person("ann")
    guess = {"email": ANN, "password": "wrong"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app, client=("203.0.113.9", 1)),
        base_url="http://tenantry",
    ) as stranger:
        for _ in range(TRIES.most):
            assert (await stranger.post("/v1/auth/log-in", json=guess)).status_code == 401
        assert (await stranger.post("/v1/auth/log-in", json=guess)).status_code == 429

    assert (await api.log_in(ANN)).status_code == 200

    assert (await api.log_in(ANN, "wrong")).status_code == 401
    await use_up(api, LOG_INS_OF_ACCOUNT)
    assert (await api.log_in(ANN)).status_code == 429


async def test_a_success_begins_anew(api: Api):
    """Failures before a success count no more."""
    await api.person("ann")
    for _ in range(TRIES.most - 1):
        assert (await api.log_in(ANN, "wrong")).status_code == 401

    assert (await api.log_in(ANN)).status_code == 200

    counters = await api.owner.throttle.find_many()
    assert [counter.key.rpartition(" ")[0] for counter in counters] == [LOG_INS_FROM_ADDRESS.name]


async def test_concurrent_attempts_are_all_counted(api: Api):
    """Attempts at the same moment get no more tries than one after the other."""
    await api.person("ann")

    answers = await asyncio.gather(*(api.log_in(ANN, "wrong") for _ in range(25)))

    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 15


async def test_an_address_is_throttled(api: Api):
    """Guessing at many accounts from one address ends too; successes are not counted."""
    await api.person("ann")
    assert (await api.log_in(ANN)).status_code == 200
    (counter,) = await api.owner.throttle.find_many()
    assert counter.count == 0
    await use_up(api, LOG_INS_FROM_ADDRESS)

    refused = await api.log_in(ANN)

    assert refused.status_code == 429
    assert await api.owner.throttle.count() == 1  # the account is not locked by it


async def test_a_session_that_expired_is_refused(api: Api):
    """Swept or not, it is over when its time is."""
    ann = await api.person("ann", expires=timedelta(seconds=-1))

    assert (await ann.get("/v1/me")).status_code == 401
