"""A client that presents the device token of an earlier log-in gets past the limits."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from app.accounts.login import (
    LINKS_OPENED,
    LOG_INS_FROM_ADDRESS,
    LOG_INS_OF_DEVICE,
    LOG_INS_OF_DEVICES,
    TRIES,
)
from app.auth import devices
from app.auth.realms import SERVICE, to_account
from app.auth.tokens import Tokens
from tests.accounts.log_ins import (
    ANN,
    NEW,
    NOBODY,
    counted,
    lock_account,
    log_in_from,
    log_in_with,
    use_up,
)
from tests.fix_api import PASSWORD, Api
from tests.fix_service import SECRET_KEY
from tests.fix_work import Counter, Work

FORGERIES: dict[str, Callable[[str], str]] = {
    "no token": lambda _: "x",
    "no content": lambda _: "..",
    "too long": lambda token: token + "x" * 900,
    "many parts": lambda _: "." * 900,
    "cut off": lambda token: token[:-1],
    "with a suffix": lambda token: token + ".x",
    "another expiry": lambda token: token.replace(".", ".9", 1),
    "another device": lambda token: "another" + token,
    "another alphabet": lambda token: f"{token.rpartition('.')[0]}.\u00e9\u4e03",
}


class TestKnownDevice:
    """A client that presents the device token of an earlier log-in."""

    async def device(self, api: Api) -> str:
        await api.person("ann")
        return (await api.log_in(ANN)).json()["deviceToken"]

    async def test_it_gets_in_while_others_guess(self, api: Api):
        """The account's limit and those of its address do not apply to it."""
        device = await self.device(api)
        await lock_account(api)
        await api.log_in(ANN, "wrong")
        for limit in (TRIES, LOG_INS_FROM_ADDRESS):
            await api.owner.throttle.update_many(
                where={"key": {"startswith": limit.name}}, data={"count": limit.max_attempts}
            )

        assert (await api.log_in(ANN)).status_code == 429
        assert (await log_in_with(api, device)).status_code == 200
        assert (await api.log_in(ANN)).status_code == 429

    async def test_its_token_is_no_password(self, api: Api):
        """Whoever stole it has ten guesses; then the other limits hold."""
        device = await self.device(api)
        for _ in range(LOG_INS_OF_DEVICE.max_attempts):
            assert (await log_in_with(api, device, "wrong")).status_code == 401

        assert (await log_in_with(api, device)).status_code == 429
        assert (await log_in_with(api, None)).status_code == 200

    async def test_all_devices_together_have_a_limit(self, api: Api):
        """Collecting devices does not multiply the guesses."""
        device, other = await self.device(api), (await api.log_in(ANN)).json()["deviceToken"]
        assert (await log_in_with(api, device)).status_code == 200
        await use_up(api, LOG_INS_OF_DEVICES)

        assert (await log_in_with(api, other)).status_code == 429

    async def test_it_stays_the_same_device(self, api: Api):
        """The next log-in renews its token, and a success forgets its failures."""
        device = await self.device(api)
        assert (await log_in_with(api, device, "wrong")).status_code == 401

        renewed = (await log_in_with(api, device)).json()["deviceToken"]

        assert renewed.split(".")[0] == device.split(".")[0]
        assert LOG_INS_OF_DEVICE.name not in await counted(api)
        assert (await log_in_with(api, renewed)).status_code == 200

    @pytest.mark.parametrize("change", ["password", "reset"])
    async def test_a_new_password_revokes_it(self, api: Api, change: str):
        """It is no longer known, whoever set the password and however."""
        device = await self.device(api)
        if change == "password":
            tokens = (await log_in_with(api, device)).json()
            answer = await api.client(tokens["accessToken"]).post(
                "/v1/me/password", json={"currentPassword": PASSWORD, "newPassword": NEW}
            )
        else:
            await api.anonymous.post("/v1/auth/forgot-password", json={"email": ANN})
            token = await api.link(ANN, "Set a new password")
            answer = await api.anonymous.post(
                "/v1/auth/reset-password", json={"token": token, "newPassword": NEW}
            )
            await api.owner.throttle.delete_many(where={"key": {"startswith": LINKS_OPENED.name}})
        assert answer.status_code == 204
        await lock_account(api)

        assert (await log_in_with(api, device, NEW)).status_code == 429

    @pytest.mark.parametrize("forge", FORGERIES)
    async def test_forged_tokens_are_ignored(self, api: Api, forge: str):
        """They are treated as none: no error, and no way past the limits."""
        forged = FORGERIES[forge](await self.device(api))
        assert (await log_in_with(api, forged)).status_code == 200
        await lock_account(api)

        assert (await log_in_with(api, forged)).status_code == 429

    async def test_it_belongs_to_one_user_and_key_and_expires(self, api: Api):
        """Another user's device, one of another key, and an old one are not known."""
        await api.person("ann")
        user = await api.owner.user.find_unique_or_raise(where={"email": ANN})
        other = await api.person("bob")
        tokens: Tokens = api.app.state.tokens
        settings = api.app.state.settings
        foreign = Tokens(settings.model_copy(update={"secret_key": SecretStr(NEW * 2)}))
        account, hash_ = to_account(user), user.passwordHash or ""
        known = devices.issue(tokens, SERVICE, user=user.id, password_hash=hash_, device=None)

        assert devices.identify(tokens, SERVICE, known, account) == known.split(".")[0]
        assert devices.identify(tokens, SERVICE, known, None) is None
        for made_by, owner, password in (
            (tokens, other.id, hash_),
            (foreign, user.id, hash_),
            (tokens, user.id, hash_[:-1]),
        ):
            token = devices.issue(made_by, SERVICE, user=owner, password_hash=password, device=None)
            assert devices.identify(tokens, SERVICE, token, account) is None
        former = settings.model_copy(
            update={
                "secret_key": SecretStr(NEW * 2),
                "former_secret_keys": (SecretStr(SECRET_KEY),),
            }
        )
        assert devices.identify(Tokens(former), SERVICE, known, account)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(devices, "LIFETIME", -devices.LIFETIME)
            old = devices.issue(tokens, SERVICE, user=user.id, password_hash=hash_, device=None)
        assert devices.identify(tokens, SERVICE, old, account) is None

    async def test_a_token_reveals_no_account(self, api: Api, work: Counter):
        """With a made-up token, an account and none get the same answer for equal work."""
        await api.person("ann")
        done: list[Work] = []
        seen: set[bytes] = set()
        for email in (ANN, NOBODY):
            with work.counting() as this:
                answer = await log_in_from(
                    api, "203.0.113.9", email, "wrong", deviceToken="a.9999999999.b"
                )
            seen.add(answer.content + repr(answer.headers.raw).encode())
            done.append(this)

        assert len(seen) == 1
        assert done[0].hashes == 1
        assert done[0] == done[1]
