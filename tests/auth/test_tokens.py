"""Access tokens: the cache of verified tokens extends no lifetime and accepts no forgery."""

from types import SimpleNamespace

import jwt
import pytest

from app.auth import tokens as module
from app.auth.tokens import CACHE_SIZE, Claims, InvalidToken, Tokens
from app.settings import Settings
from tests.fix_service import SECRET_KEY


@pytest.fixture
def tokens() -> Tokens:
    """Tokens with one secret key."""
    return Tokens(Settings.model_validate({"secret_key": SECRET_KEY}))


def test_a_cached_token_expires(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is accepted until its expiry, and not a moment longer."""
    token = tokens.access(user="ann", session="one")
    assert tokens.read(token) == Claims("ann", "one")
    ends = jwt.decode(token, options={"verify_signature": False})["exp"]
    now = ends - 0.1
    monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now))
    assert tokens.read(token) == Claims("ann", "one")
    now = ends
    with pytest.raises(InvalidToken):
        tokens.read(token)


def test_a_forged_token_is_refused_every_time(tokens: Tokens) -> None:
    """It is refused even while the valid token that it was made of is cached."""
    token = tokens.access(user="ann", session="one")
    tokens.read(token)
    head, body, signature = token.split(".")
    forged = ".".join([head, body, signature[::-1]])
    for _ in range(3):
        with pytest.raises(InvalidToken):
            tokens.read(forged)


def test_the_cache_is_bounded(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest tokens are dropped, and verified again when they return."""
    assert CACHE_SIZE >= 1_000
    monkeypatch.setattr(module, "CACHE_SIZE", 3)
    signed = [tokens.access(user=f"user {n}", session="one") for n in range(10)]
    for _ in range(2):
        assert [tokens.read(token).user for token in signed] == [f"user {n}" for n in range(10)]
    assert len(tokens._verified) == 3  # pyright: ignore[reportPrivateUsage]  # the cache is the point
