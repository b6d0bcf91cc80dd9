"""Steps that the tests of refresh tokens share."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from app.auth.sessions import GRACE_PERIOD
from app.auth.tokens import Tokens, hash_secret
from tests.fix_api import Api

ANN = "ann@example.com"


async def log_in(api: Api) -> dict[str, Any]:
    await api.person("ann")
    return (await api.log_in(ANN)).json()


async def refresh(api: Api, token: str) -> httpx.Response:
    return await api.anonymous.post("/v1/auth/refresh", json={"refreshToken": token})


async def age(api: Api, token: str, by: timedelta = GRACE_PERIOD * 2) -> None:
    """Move a token's rotation into the past."""
    row = await api.owner.refreshtoken.find_unique_or_raise(where={"hash": hash_secret(token)})
    assert row.rotatedAt is not None
    await api.owner.refreshtoken.update(
        where={"id": row.id}, data={"rotatedAt": row.rotatedAt - by}
    )


async def works(api: Api, pair: dict[str, Any]) -> bool:
    answer = await api.client(pair["accessToken"]).get("/v1/me")
    return answer.status_code == 200


def use_keys(api: Api, current: str, former: Sequence[str] = ()) -> None:
    """Let the service sign with a key, and accept former ones."""
    settings = api.app.state.settings.model_copy(
        update={
            "secret_key": SecretStr(current),
            "former_secret_keys": tuple(SecretStr(key) for key in former),
        }
    )
    api.app.state.tokens = Tokens(settings)


async def session_of(api: Api, pair: dict[str, Any]):
    """Return the session of a token pair, with its refresh tokens."""
    return await api.owner.session.find_first_or_raise(
        where={"refreshTokens": {"some": {"hash": hash_secret(pair["refreshToken"])}}},
        include={"refreshTokens": True},
    )
