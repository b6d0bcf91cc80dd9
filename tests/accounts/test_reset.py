"""POST /v1/auth/forgot-password, /reset-password and /resend-confirmation."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from app.accounts.links import MAILS_TO_ACCOUNT
from tests.fix_api import PASSWORD, Api
from tests.fix_work import Counter, Work

ANN = "ann@example.com"
NEW = "a fourth horse on the moon"
RESET = "Set a new password"


async def ask(api: Api, what: str = "forgot-password", email: str = ANN) -> httpx.Response:
    return await api.anonymous.post(f"/v1/auth/{what}", json={"email": email})


async def reset(api: Api, token: str, password: str = NEW) -> httpx.Response:
    return await api.anonymous.post(
        "/v1/auth/reset-password", json={"token": token, "newPassword": password}
    )


async def test_a_forgotten_password_is_replaced(api: Api):
    """A link that works once replaces it; all sessions end, and a mail tells the user."""
    ann = await api.person("ann")

    assert (await ask(api, email="Ann@Example.com")).status_code == 202
    token = await api.link(ANN, RESET)
    assert (await reset(api, token)).status_code == 204

    assert (await ann.get("/v1/me")).status_code == 401
    assert (await api.log_in(ANN)).status_code == 401
    assert (await api.log_in(ANN, NEW)).status_code == 200
    assert (await reset(api, token, PASSWORD)).status_code == 400
    await api.mail(ANN, "Your password was changed")


async def test_it_confirms_the_address_and_unlocks_a_throttled_account(api: Api):
    """Whoever has the link reads the address's mail."""
    ann = await api.person("ann", confirmed=False)
    for _ in range(11):
        await api.log_in(ANN, "wrong")
    await ask(api)

    assert (await reset(api, await api.link(ANN, RESET))).status_code == 204

    assert (await api.log_in(ANN, NEW)).status_code == 200
    user = await api.owner.user.find_unique_or_raise(where={"id": ann.id})
    assert user.emailConfirmedAt is not None


@pytest.mark.parametrize("what", ["forgot-password", "resend-confirmation"])
async def test_it_does_not_reveal_whether_there_is_an_account(api: Api, work: Counter, what: str):
    """Confirmed, unconfirmed or unknown: the same answer for equal work, and a mail."""
    await api.person("ann")
    await api.person("bob", confirmed=False)
    seen: set[bytes] = set()
    done: list[Work] = []
    for name in ("ann", "bob", "nobody"):
        with work.counting() as this:
            answer = await ask(api, what, f"{name}@example.com")
        assert answer.status_code == 202
        seen.add(answer.content + repr(answer.headers.raw).encode())
        done.append(this)

    assert len(seen) == 1
    assert [(this.hashes, len(this.statements)) for this in done] == [(0, 7)] * 3
    await api.mail("nobody@example.com", "No account with this address")
    if what == "forgot-password":
        await api.mail(ANN, RESET)
        await api.mail("bob@example.com", RESET)
    else:
        await api.mail(ANN, "Your e-mail address is confirmed")
        await api.mail("bob@example.com", "Confirm your e-mail address")


async def test_a_link_that_was_sent_again_confirms(api: Api):
    """It works like the one that signing up sent."""
    await api.person("ann", confirmed=False)
    await ask(api, "resend-confirmation")
    token = await api.link(ANN, "Confirm your e-mail address")
    answer = await api.anonymous.post(
        "/v1/auth/confirm-email", json={"token": token, "password": PASSWORD}
    )

    assert answer.status_code == 204
    assert (await api.log_in(ANN)).status_code == 200


async def test_a_link_has_one_purpose(api: Api):
    """A link that confirms an address does not reset a password."""
    await api.person("ann", confirmed=False)
    await ask(api, "resend-confirmation")

    answer = await reset(api, await api.link(ANN, "Confirm your e-mail address"))

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_link"


async def test_an_expired_link_is_refused(api: Api):
    """A link works for an hour."""
    ann = await api.person("ann")
    await ask(api)
    token = await api.owner.emailtoken.find_first_or_raise(where={"userId": ann.id})
    assert 3500 < (token.expiresAt - datetime.now(UTC)).total_seconds() <= 3600
    await api.owner.emailtoken.update_many(where={}, data={"expiresAt": datetime.now(UTC)})

    assert (await reset(api, await api.link(ANN, RESET))).status_code == 400
    assert (await ann.get("/v1/me")).status_code == 200


async def test_a_weak_password_does_not_use_up_the_link(api: Api):
    """The holder may try again with a better one."""
    await api.person("ann")
    await ask(api)
    token = await api.link(ANN, RESET)

    weak = await reset(api, token, "1234567890")

    assert weak.status_code == 422
    assert weak.json()["code"] == "weak_password"
    assert (await reset(api, token)).status_code == 204


async def test_of_concurrent_uses_one_succeeds(api: Api):
    """The transaction that uses a link deletes it, along with the links that were sent before."""
    await api.person("ann")
    await ask(api)
    await ask(api)
    one, two = await api.link(ANN, RESET), await api.link(ANN, RESET)

    answers = await asyncio.gather(reset(api, one), reset(api, one), reset(api, two))

    assert sorted(answer.status_code for answer in answers) == [204, 400, 400]
    assert (await reset(api, one)).status_code == 400
    assert (await reset(api, two)).status_code == 400
    assert await api.owner.emailtoken.count() == 0


async def test_it_is_throttled(api: Api):
    """The limit also counts requests for accounts that do not exist."""
    for _ in range(MAILS_TO_ACCOUNT.max_attempts):
        assert (await ask(api, email="nobody@example.com")).status_code == 202

    assert (await ask(api, email="nobody@example.com")).status_code == 429
