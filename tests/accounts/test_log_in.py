"""POST /v1/auth/log-in: sessions, and what strangers cannot learn."""

import asyncio
from datetime import timedelta

from app.auth import passwords
from tests.fix_api import PASSWORD, PASSWORD_HASH, Api
from tests.fix_work import Counter, Work

ANN = "ann@example.com"


async def test_it_begins_a_session(api: Api):
    """The tokens work, and the session names the client that began it."""
    await api.person("ann")
    answer = await api.anonymous.post(
        "/v1/auth/log-in",
        json={"email": "ANN@example.com", "password": PASSWORD},
        headers={"User-Agent": "a browser\t" + "x" * 300},
    )
    me = api.client(answer.json()["accessToken"])
    sessions = (await me.get("/v1/me/sessions")).json()["items"]

    assert answer.status_code == 200
    assert set(answer.json()) == {
        "accessToken", "refreshToken", "tokenType", "expiresIn", "deviceToken",
    }  # fmt: skip
    assert sessions[0]["current"]
    assert sessions[0]["userAgent"].startswith("a browserxxx")
    assert len(sessions[0]["userAgent"]) == 200


async def test_it_does_not_reveal_whether_there_is_an_account(api: Api, work: Counter):
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
    """Nobody can log in to such an account, nor tell that it exists."""
    ann = await api.person("ann")
    await api.owner.user.update(where={"id": ann.id}, data={"passwordHash": None})

    with work.counting() as done:
        answer = await api.log_in(ANN, "")
        answer = await api.log_in(ANN)

    assert answer.status_code == 401
    assert done.hashes == 1


async def test_hashes_with_former_parameters_are_replaced(api: Api):
    """A log-in hashes the password again with today's parameters; it still works."""
    ann = await api.person("ann")

    assert (await api.log_in(ANN)).status_code == 200
    user = await api.owner.user.find_unique_or_raise(where={"id": ann.id})
    assert user.passwordHash != PASSWORD_HASH
    assert user.passwordHash is not None
    assert "m=65536" in user.passwordHash
    assert (await api.log_in(ANN)).status_code == 200


async def test_concurrent_log_ins_replace_a_hash(api: Api):
    """One of them replaces it, and the others do not mistake that for another password."""
    await api.person("ann")

    answers = await asyncio.gather(*(api.log_in(ANN) for _ in range(4)))

    assert [answer.status_code for answer in answers] == [200] * 4


async def test_a_password_that_is_changed_meanwhile_is_refused(api: Api):
    """A log-in with the former password that overlaps its change begins no session."""
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


async def test_an_expired_session_is_refused(api: Api):
    """It is over at its expiry, whether or not a sweep has deleted it."""
    ann = await api.person("ann", expires=timedelta(seconds=-1))

    assert (await ann.get("/v1/me")).status_code == 401
