"""Tokens: signed ones that say who calls, and opaque ones that are stored as hashes."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import jwt

from app.settings import Settings

ISSUER = "tenantry"
AUDIENCE = "tenantry"
ALGORITHM = "HS256"
ACCESS_LIFETIME = timedelta(minutes=15)
# How many tokens are remembered as good; the oldest go first.
REMEMBERED = 10_000

Kind = Literal["user"]


class InvalidToken(Exception):  # noqa: N818  (what the caller presented, no error of ours)
    """A token that is forged, of another kind, or too old."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says."""

    user: str
    session: str


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature and form are good."""

    claims: Claims
    kind: str
    expires: float


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    secret: bytes


class Tokens:
    """Signs with the present key; reads what the present and the former keys signed."""

    def __init__(self, settings: Settings) -> None:
        secrets_ = [settings.secret_key, *settings.former_secret_keys]
        keys = [_derive(secret.get_secret_value()) for secret in secrets_]
        self._signing = keys[0]
        self._keys = {key.id: key for key in keys}
        # By their hashes, so that nobody finds a token in memory.
        self._verified: dict[bytes, _Verified] = {}

    def access(self, *, user: str, session: str, kind: Kind = "user") -> str:
        """A token that lets `user` call until it ends, or its session does."""
        now = datetime.now(UTC)
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "kind": kind,
                "sub": user,
                "sid": session,
                "iat": now,
                "exp": now + ACCESS_LIFETIME,
            },
            self._signing.secret,
            algorithm=ALGORITHM,
            headers={"kid": self._signing.id},
        )

    def read(self, token: str, *, kind: Kind = "user") -> Claims:
        """What a token of this kind says; raises InvalidToken.

        A signature is checked once, which takes as long as a small query; the end of the token's
        life each time. Whether its session still is, the database is asked each time.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is None:
            known = self._verify(token)
            while len(self._verified) >= REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[digest] = known
        if known.kind != kind or known.expires <= time.time():
            raise InvalidToken
        return known.claims

    def _verify(self, token: str) -> _Verified:
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims: dict[str, Any] = jwt.decode(
                token,
                key.secret,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": ["iss", "aud", "kind", "sub", "sid", "iat", "exp"]},
            )
        except (jwt.InvalidTokenError, KeyError, TypeError) as error:
            raise InvalidToken from error
        return _Verified(
            Claims(user=claims["sub"], session=claims["sid"]), claims["kind"], claims["exp"]
        )


def new_secret() -> str:
    """An opaque token of 256 bits, to be shown once."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of an opaque token. It has nothing to guess, so a plain hash will do."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _derive(secret: str) -> _Key:
    key = hmac.digest(secret.encode(), b"access tokens", "sha256")
    return _Key(hashlib.sha256(key).hexdigest()[:8], key)
