"""The limits of POST /v1/auth/log-in: guessing is slowed down, and the holder still gets in."""

import asyncio
from datetime import UTC, datetime

import pytest

from app.accounts.login import (
    LOG_INS_FROM_ADDRESS,
    LOG_INS_OF_ACCOUNT,
    SESSIONS_OF_ACCOUNT,
    TRIES,
)
from app.auth import passwords
from app.auth.hashing import HashingQueue
from tests.accounts.log_ins import (
    ANN,
    NEW,
    NOBODY,
    WARNING,
    counted,
    end_windows,
    lock_account,
    log_in_from,
    mails_to,
    use_up,
)
from tests.fix_api import PASSWORD, Api
from tests.fix_work import Counter, Work


class TestFailures:
    """Attempts with a wrong password."""

    async def test_an_account_is_throttled_by_address(self, api: Api):
        """After so many failures even the right password is refused; the answer says how long."""
        await api.person("ann")
        await api.person("bob")
        for _ in range(TRIES.max_attempts):
            assert (await api.log_in(ANN, "wrong")).status_code == 401

        refused = await api.log_in("Ann@example.com")

        assert refused.status_code == 429
        assert refused.json()["code"] == "too_many_attempts"
        assert 0 < int(refused.headers["retry-after"]) <= TRIES.window.total_seconds()
        assert (await api.log_in("bob@example.com")).status_code == 200

        await end_windows(api)
        assert (await api.log_in(ANN)).status_code == 200

    async def test_accounts_that_do_not_exist_are_throttled_alike(self, api: Api):
        """The limit does not reveal whether there is an account."""
        assert (await api.log_in(NOBODY)).status_code == 401
        await use_up(api, LOG_INS_OF_ACCOUNT)

        assert (await api.log_in(NOBODY)).status_code == 429

    async def test_a_stranger_elsewhere_does_not_stop_the_holder(self, api: Api):
        """Failures count for the address that they come from."""
        await api.person("ann")
        for _ in range(TRIES.max_attempts):
            assert (await log_in_from(api, "203.0.113.9", password="wrong")).status_code == 401
        assert (await log_in_from(api, "203.0.113.9", password="wrong")).status_code == 429

        assert (await api.log_in(ANN)).status_code == 200

    async def test_a_success_starts_a_new_window(self, api: Api):
        """Failures before a success no longer count."""
        await api.person("ann")
        for _ in range(TRIES.max_attempts - 1):
            assert (await api.log_in(ANN, "wrong")).status_code == 401

        assert (await api.log_in(ANN)).status_code == 200

        assert (await counted(api)).keys() == {LOG_INS_FROM_ADDRESS.name, SESSIONS_OF_ACCOUNT.name}

    async def test_concurrent_attempts_are_all_counted(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ):
        """Attempts at the same moment are not cheaper than attempts in a row."""
        monkeypatch.setattr(passwords, "_queue", HashingQueue(2, slots=100, longest_wait=60))
        await api.person("ann")

        answers = await asyncio.gather(*(api.log_in(ANN, "wrong") for _ in range(25)))

        assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 15

    async def test_guessing_at_many_accounts_is_throttled(self, api: Api):
        """One address has a limit, whichever accounts it tries; nobody else pays for that."""
        for number in range(3):
            await api.log_in(f"user{number}@example.com")
        assert (await counted(api))[LOG_INS_FROM_ADDRESS.name] == 6
        await api.person("ann")
        await use_up(api, LOG_INS_FROM_ADDRESS)

        refused = await api.log_in(ANN)

        assert refused.status_code == 429
        assert (await log_in_from(api, "203.0.113.9")).status_code == 200

    async def test_a_throttled_address_costs_no_statement(self, api: Api, work: Counter):
        """It costs no row and no lock until the window ends, whether or not there is an account."""
        await api.person("ann")
        await api.log_in(NOBODY)
        await use_up(api, LOG_INS_FROM_ADDRESS)
        assert (await api.log_in(NOBODY)).status_code == 429

        for email in (ANN, NOBODY):
            with work.counting() as done:
                refused = await api.log_in(email)
            assert refused.status_code == 429
            assert 0 < int(refused.headers["retry-after"]) <= 900
            assert done == Work()

        await end_windows(api)
        assert (await api.log_in(ANN)).status_code == 200


class TestSuccesses:
    """Attempts with the right password."""

    async def test_an_account_has_a_limit_of_new_sessions(self, api: Api):
        """A client that logs in again and again is refused, with the time to wait."""
        ann = await api.person("ann")
        assert (await api.log_in(ANN)).status_code == 200
        await use_up(api, SESSIONS_OF_ACCOUNT)
        sessions = await api.owner.session.count()

        refused = await api.log_in(ANN)

        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert await api.owner.session.count() == sessions
        assert (await ann.get("/v1/me")).status_code == 200

        await end_windows(api)
        assert (await api.log_in(ANN)).status_code == 200

    async def test_that_limit_reveals_nothing_to_strangers(self, api: Api):
        """With a wrong password the answer is the usual one."""
        await api.person("ann")
        assert (await api.log_in(ANN)).status_code == 200
        await use_up(api, SESSIONS_OF_ACCOUNT)

        refused = await api.log_in(ANN, "wrong")

        assert refused.status_code == 401
        assert refused.content == (await api.log_in(NOBODY, "wrong")).content

    async def test_failures_of_strangers_do_not_count(self, api: Api):
        """Nobody exhausts the limit of sessions without the password."""
        await api.person("ann")
        await api.log_in(ANN, "wrong")

        assert SESSIONS_OF_ACCOUNT.name not in await counted(api)

    async def test_an_address_has_a_limit_too(self, api: Api, work: Counter):
        """A success counts half; past the limit no password is hashed any more."""
        await api.person("ann")
        await api.person("bob")
        for name in ("ann", "bob", "ann"):
            assert (await api.log_in(f"{name}@example.com")).status_code == 200
        assert (await counted(api))[LOG_INS_FROM_ADDRESS.name] == 3
        await use_up(api, LOG_INS_FROM_ADDRESS)

        with work.counting() as done:
            refused = await api.log_in(ANN)

        assert refused.status_code == 429
        assert done.hashes == 0
        assert (await log_in_from(api, "203.0.113.9")).status_code == 200


class TestLockOut:
    """An account whose limit strangers have exhausted."""

    async def test_the_holder_is_told_once(self, api: Api):
        """The user gets one mail, however long the attack goes on, and another after a day."""
        await api.person("ann")
        await lock_account(api)
        assert "where you have logged in before" in await api.mail(ANN, WARNING)

        for round_ in range(3):
            await log_in_from(api, f"203.0.113.{10 + round_}", password="wrong")
            await end_windows(api)
            await lock_account(api)
        assert await mails_to(api, ANN) == 0

        await api.owner.throttle.update_many(where={}, data={"resetsAt": datetime.now(UTC)})
        await lock_account(api)
        await api.mail(ANN, WARNING)

    @pytest.mark.parametrize("name", ["nobody", "bob"])
    async def test_others_get_no_mail(self, api: Api, name: str):
        """Addresses without an account, and unconfirmed ones, get no mail."""
        await api.person("bob", confirmed=False)

        await lock_account(api, f"{name}@example.com")

        assert await mails_to(api, f"{name}@example.com") == 0

    async def test_it_does_not_reveal_whether_there_is_an_account(self, api: Api, work: Counter):
        """The refusal that warns the holder and the next one take as many statements without."""
        await api.person("ann")
        await api.person("bob", confirmed=False)
        answers: list[list[tuple[int, str]]] = []
        done: list[list[int]] = []
        for email in (ANN, NOBODY, "bob@example.com"):
            await api.owner.throttle.delete_many()
            await log_in_from(api, "203.0.113.1", email, "wrong")
            await use_up(api, LOG_INS_OF_ACCOUNT)
            seen: list[tuple[int, str]] = []
            counts: list[int] = []
            for number in (2, 3):
                with work.counting() as this:
                    answer = await log_in_from(api, f"203.0.113.{number}", email, "wrong")
                assert int(answer.headers["retry-after"]) > 800
                seen.append((answer.status_code, answer.json()["code"]))
                counts.append(len(this.statements))
                assert this.hashes == 0
            answers.append(seen)
            done.append(counts)

        assert answers == [[(429, "too_many_attempts")] * 2] * 3
        assert done == [[9, 5]] * 3

    async def test_a_reset_link_lets_the_holder_in(self, api: Api):
        """A reset link lets the holder log in from the address that opened it."""
        await api.person("ann")
        await lock_account(api)
        await api.anonymous.post("/v1/auth/forgot-password", json={"email": ANN})
        token = await api.link(ANN, "Set a new password")
        reset = await api.anonymous.post(
            "/v1/auth/reset-password", json={"token": token, "newPassword": NEW}
        )
        assert reset.status_code == 204
        await lock_account(api)

        assert (await log_in_from(api, "203.0.113.9", password=NEW)).status_code == 429
        assert (await api.log_in(ANN, NEW)).status_code == 200

    async def test_where_a_link_was_opened_guessing_is_throttled_too(self, api: Api):
        """The limit of an address and an account holds there."""
        await api.person("ann")
        await api.anonymous.post("/v1/auth/forgot-password", json={"email": ANN})
        token = await api.link(ANN, "Set a new password")
        await api.anonymous.post(
            "/v1/auth/reset-password", json={"token": token, "newPassword": NEW}
        )
        for _ in range(TRIES.max_attempts):
            assert (await api.log_in(ANN, "wrong")).status_code == 401

        assert (await api.log_in(ANN, NEW)).status_code == 429

    async def test_an_address_can_be_confirmed_meanwhile(self, api: Api):
        """Guesses at the log-in do not count for links that were mailed."""
        await api.person("ann", confirmed=False)
        await lock_account(api)
        await api.anonymous.post("/v1/auth/resend-confirmation", json={"email": ANN})
        token = await api.link(ANN, "Confirm your e-mail address")
        confirmed = await api.anonymous.post(
            "/v1/auth/confirm-email", json={"token": token, "password": PASSWORD}
        )

        assert confirmed.status_code == 204
        assert (await api.log_in(ANN)).status_code == 200
