"""Access tokens: what was read before is not believed for longer than it lives."""

import time
from datetime import timedelta

import jwt
import pytest

from app.auth import tokens as module
from app.auth.tokens import CACHE_SIZE, Claims, InvalidToken, Tokens
from app.settings import Settings
from tests.fix_service import SECRET_KEY


@pytest.fixture
def tokens() -> Tokens:
    """Tokens of one secret key."""
    return Tokens(Settings.model_validate({"secret_key": SECRET_KEY}))


def test_a_token_that_was_read_ends_with_its_life(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is good until then, and not a moment longer."""
    monkeypatch.setattr(module, "ACCESS_LIFETIME", timedelta(seconds=3))
    token = tokens.access(user="ann", session="one")
    assert tokens.read(token) == Claims("ann", "one")
    ends = jwt.decode(token, options={"verify_signature": False})["exp"]
    time.sleep(max(0.0, ends - time.time()))
    with pytest.raises(InvalidToken):
        tokens.read(token)


def test_a_forged_token_is_refused_every_time(tokens: Tokens) -> None:
    """Also beside the good one that it was made of."""
    token = tokens.access(user="ann", session="one")
    tokens.read(token)
    head, body, signature = token.split(".")
    forged = ".".join([head, body, signature[::-1]])
    for _ in range(3):
        with pytest.raises(InvalidToken):
            tokens.read(forged)


def test_only_so_many_tokens_are_remembered(
    tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded, and what is forgotten is read anew."""
    assert CACHE_SIZE >= 1_000
    monkeypatch.setattr(module, "CACHE_SIZE", 3)
    signed = [tokens.access(user=f"user {n}", session="one") for n in range(10)]
    for _ in range(2):
        assert [tokens.read(token).user for token in signed] == [f"user {n}" for n in range(10)]
    assert len(tokens._verified) == 3  # pyright: ignore[reportPrivateUsage]  # what it is about
