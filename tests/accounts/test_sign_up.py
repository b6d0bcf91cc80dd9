"""POST /v1/auth/sign-up and /v1/auth/confirm-email."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from prisma.errors import PrismaError

from app.accounts.links import MAILS_FROM_ADDRESS, MAILS_TO_ACCOUNT
from tests.fix_api import PASSWORD, Api
from tests.fix_work import Counter, Work

ANN = "ann@example.com"
CONFIRM = "Confirm your e-mail address"


async def sign_up(api: Api, email: str = ANN, password: str = PASSWORD, **more: object):
    return await api.anonymous.post(
        "/v1/auth/sign-up", json={"email": email, "password": password, **more}
    )


async def confirm(api: Api, token: str, password: str = PASSWORD):
    return await api.anonymous.post(
        "/v1/auth/confirm-email", json={"token": token, "password": password}
    )


async def test_from_sign_up_to_log_in(api: Api):
    """Sign up, read the mail, confirm, log in."""
    assert (await sign_up(api, "Ann@Example.com", name=" Ann ")).status_code == 202
    before = await api.log_in(ANN)
    token = await api.link(ANN, CONFIRM)
    assert (await confirm(api, token)).status_code == 204
    tokens = (await api.log_in("ANN@example.com")).json()
    me = await api.client(tokens["accessToken"]).get("/v1/me")

    assert before.status_code == 401
    assert tokens["tokenType"] == "Bearer"
    assert tokens["expiresIn"] == 900
    assert me.status_code == 200
    assert me.json()["email"] == ANN
    assert me.json()["name"] == "Ann"
    assert me.json()["emailConfirmedAt"]
    assert set(me.json()) == {"id", "email", "emailConfirmedAt", "name", "createdAt"}


async def test_it_does_not_reveal_whether_there_is_an_account(api: Api, work: Counter):
    """A new, an unconfirmed, a confirmed address: the same answer for equal work, and a mail."""
    await api.person("ann")
    await api.person("bob", confirmed=False)
    seen: set[bytes] = set()
    done: list[Work] = []
    for name in ("new", "bob", "ann"):
        with work.counting() as this:
            answer = await sign_up(api, f"{name}@example.com", name="Somebody")
        assert answer.status_code == 202
        seen.add(answer.content + repr(answer.headers.raw).encode())
        done.append(this)

    assert len(seen) == 1
    assert [(this.hashes, len(this.statements)) for this in done] == [(1, 8)] * 3
    await api.mail("new@example.com", CONFIRM)
    await api.mail("bob@example.com", CONFIRM)
    await api.mail(ANN, "You have an account already")


async def test_signing_up_again_does_not_change_an_account(api: Api):
    """Neither its password nor its name; the mail lets its holder set a new password."""
    ann = await api.person("ann")
    before = await api.owner.user.find_unique_or_raise(where={"id": ann.id})

    await sign_up(api, ANN, "another long password", name="Eve")

    assert await api.owner.user.find_unique_or_raise(where={"id": ann.id}) == before
    token = await api.link(ANN, "You have an account already")
    assert (await confirm(api, token)).status_code == 400
    answer = await api.anonymous.post(
        "/v1/auth/reset-password", json={"token": token, "newPassword": "a third long password"}
    )
    assert answer.status_code == 204


async def test_reading_the_mail_does_not_confirm_a_strangers_account(api: Api):
    """Confirming needs the sign-up's password: nobody prepares an account for somebody else."""
    await sign_up(api, password="chosen by a stranger")
    token = await api.link(ANN, CONFIRM)

    refused = await confirm(api, token, "what Ann would choose")
    await sign_up(api, password="what Ann would choose")
    late = await confirm(api, token, "chosen by a stranger")
    accepted = await confirm(api, await api.link(ANN, CONFIRM), "what Ann would choose")

    assert refused.status_code == 401
    assert refused.json()["code"] == "wrong_credentials"
    assert late.status_code == 401
    assert accepted.status_code == 204
    assert (await api.log_in(ANN, "what Ann would choose")).status_code == 200


async def test_concurrent_sign_ups_create_one_account(api: Api):
    """The address is unique, and the answers do not reveal the race."""
    answers = await asyncio.gather(
        *(sign_up(api, email) for email in (ANN, "ANN@example.com", "Ann@Example.com"))
    )

    assert [answer.status_code for answer in answers] == [202] * 3
    assert await api.owner.user.count() == 1
    for _ in range(3):
        await api.mail(ANN, CONFIRM)


@pytest.mark.parametrize(
    ("route", "subject"),
    [
        ("sign-up", CONFIRM),
        ("resend-confirmation", "No account with this address"),
        ("forgot-password", "No account with this address"),
    ],
)
async def test_an_account_that_is_swept_at_the_same_moment(api: Api, route: str, subject: str):
    """The answer is the same as after the sweep."""
    await api.person("ann", confirmed=False)
    body = {"email": ANN, **({"password": PASSWORD} if route == "sign-up" else {})}
    async with api.owner.tx() as tx:
        await tx.user.delete(where={"email": ANN})
        asking = asyncio.create_task(api.anonymous.post(f"/v1/auth/{route}", json=body))
        await api.wait_for_blocked_queries(1)

    assert (await asking).status_code == 202
    assert await api.mail(ANN, subject)
    assert await api.owner.user.count() == (1 if route == "sign-up" else 0)


@pytest.mark.parametrize("token", ["used", "expired", "another address", "nonsense"])
async def test_invalid_links(api: Api, token: str):
    """A link works once, within three days, for the address that it was sent to."""
    await sign_up(api)
    secret = await api.link(ANN, CONFIRM)
    if token == "used":
        assert (await confirm(api, secret)).status_code == 204
    elif token == "expired":
        await api.owner.emailtoken.update_many(where={}, data={"expiresAt": datetime.now(UTC)})
    elif token == "another address":
        await api.owner.user.update_many(where={}, data={"email": "other@example.com"})
    else:
        secret = "nonsense"

    answer = await confirm(api, secret)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_link"


async def test_of_concurrent_confirmations_one_succeeds(api: Api):
    """Using a link deletes it, along with the others for the same purpose."""
    await sign_up(api)
    await sign_up(api)
    one, two = await api.link(ANN, CONFIRM), await api.link(ANN, CONFIRM)

    answers = await asyncio.gather(confirm(api, one), confirm(api, one), confirm(api, two))

    assert sorted(answer.status_code for answer in answers) == [204, 400, 400]
    assert await api.owner.emailtoken.count() == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"password": "short"}, "must have at least 10 characters"),
        ({"password": "ann@example.com"}, "must not be your e-mail address or your name"),
        ({"password": "Ann Oberly 1984", "name": "Ann Oberly"}, "must not be your e-mail"),
        ({"password": "P4ssw0rd123!"}, "is too common"),
    ],
)
async def test_weak_passwords_are_refused(api: Api, body: dict[str, str], said: str):
    """The answer says what is wrong, and no account is created."""
    answer = await sign_up(api, **{"email": ANN, **body})

    assert answer.status_code == 422
    assert answer.json()["code"] == "weak_password"
    assert answer.json()["errors"][0]["field"] == "body.password"
    assert said in answer.json()["errors"][0]["message"]
    assert await api.owner.user.count() == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody"}, "body.email"),
        ({"email": "ünï@example.com"}, "body.email"),
        ({"email": f"{'x' * 250}@example.com"}, "body.email"),
        ({"email": "a@example.com\r\nBcc: b@example.com"}, "body.email"),
        ({"email": 7}, "body.email"),
        ({"password": None}, "body.password"),
        ({"password": "x" * 257}, "body.password"),
        ({"password": "a lone surrogate \ud800"}, "body.password"),
        ({"name": ""}, "body.name"),
        ({"name": "x" * 101}, "body.name"),
        ({"name": "a\0b"}, "body.name"),
        ({"name": "a\u202eb"}, "body.name"),
        ({"isAdmin": True}, "body.isAdmin"),
        ({"\ud800": 1}, "body"),
    ],
)
async def test_bad_input_is_named(api: Api, body: dict[str, Any], field: str):
    """Each is a 422 that names the field; nothing is created and nothing is mailed."""
    content = json.dumps({"email": ANN, "password": PASSWORD, **body})
    answer = await api.anonymous.post(
        "/v1/auth/sign-up", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] == field
    assert await api.owner.user.count() == 0
    assert await api.owner.outboxmail.count() == 0


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe", b"[]", b"null", b"", b"[" * 10_000, b'{"email":' + b"9" * 5000 + b"}"],
)
async def test_malformed_bodies(api: Api, content: bytes):
    """What is not JSON, or not an object, is the caller's error."""
    answer = await api.anonymous.post(
        "/v1/auth/sign-up", content=content, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    fields = {error["field"] for error in answer.json().get("errors", [])}
    assert fields <= {"body", "body.email", "body.password"}


async def test_sign_ups_are_throttled(api: Api):
    """Nobody can fill a mailbox, nor one client many of them."""
    for _ in range(MAILS_TO_ACCOUNT.max_attempts):
        assert (await sign_up(api)).status_code == 202

    answer = await sign_up(api)

    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    await api.owner.throttle.update_many(
        where={"key": {"startswith": MAILS_FROM_ADDRESS.name}},
        data={"count": MAILS_FROM_ADDRESS.max_attempts},
    )
    assert (await sign_up(api, "other@example.com")).status_code == 429


async def test_tags_do_not_multiply_the_mails_to_a_mailbox(api: Api):
    """Addresses that differ only in what follows a plus sign share the limit."""
    for number in range(MAILS_TO_ACCOUNT.max_attempts):
        assert (await sign_up(api, f"ann+{number}@example.com")).status_code == 202

    assert (await sign_up(api, "ann+more@example.com")).status_code == 429


async def test_a_failure_counts_as_an_attempt(api: Api):
    """The count is committed before the request fails."""
    await api.owner.execute_raw('ALTER TABLE "OutboxMail" ADD CHECK (false)')
    with pytest.raises(PrismaError):
        await sign_up(api)

    assert await api.owner.user.count() == 0
    assert await api.owner.emailtoken.count() == 0
    assert [row.count for row in await api.owner.throttle.find_many()] == [1, 1]
