"""Steps that the tests of log-ins share."""

from datetime import UTC, datetime

import httpx

from app.accounts.login import (
    LOG_INS_OF_ACCOUNT,
    WARNINGS,
)
from app.auth.throttle import Limit, exceeded_keys
from tests.fix_api import PASSWORD, Api

ANN = "ann@example.com"
NOBODY = "nobody@example.com"
NEW = "a fourth horse on the moon"
WARNING = "Many attempts to log in to your account"


async def use_up(api: Api, limit: Limit) -> None:
    """Let all attempts of a limit have been made."""
    done = await api.owner.throttle.update_many(
        where={"key": {"startswith": f"{limit.name} "}}, data={"count": limit.max_attempts}
    )
    assert done == 1


async def end_windows(api: Api) -> None:
    """Let the window of every limit of 15 minutes be over."""
    await api.owner.throttle.update_many(
        where={"NOT": [{"key": {"startswith": WARNINGS.name}}]},
        data={"resetsAt": datetime.now(UTC)},
    )
    exceeded_keys.clear()


async def counted(api: Api) -> dict[str, int]:
    """Return the counts, by the names of their limits."""
    rows = await api.owner.throttle.find_many()
    return {row.key.rpartition(" ")[0]: row.count for row in rows}


async def lock_account(api: Api, email: str = ANN) -> None:
    """Guess as often as the account's limit allows, and once more from another address."""
    assert (await log_in_from(api, "203.0.113.1", email, "wrong")).status_code == 401
    await use_up(api, LOG_INS_OF_ACCOUNT)
    assert (await log_in_from(api, "203.0.113.2", email, "wrong")).status_code == 429


async def log_in_from(
    api: Api, address: str, email: str = ANN, password: str = PASSWORD, **more: object
) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app, client=(address, 1)), base_url="http://tenantry"
    ) as client:
        return await client.post(
            "/v1/auth/log-in", json={"email": email, "password": password, **more}
        )


async def log_in_with(api: Api, device: str | None, password: str = PASSWORD) -> httpx.Response:
    return await api.anonymous.post(
        "/v1/auth/log-in", json={"email": ANN, "password": password, "deviceToken": device}
    )


async def mails_to(api: Api, address: str) -> int:
    """Return how many mails to an address were written, sent or not."""
    waiting = await api.owner.outboxmail.count(where={"recipient": address})
    sent = sum(f"To: {address}" in path.read_text() for path in api.mails.glob("*.eml"))
    return waiting + sent
