"""Tokens: access tokens, which are signed, and opaque secrets, which are stored as hashes."""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

import jwt

from app.settings import Settings

ISSUER = "tenantry"
AUDIENCE = "tenantry"
ALGORITHM = "HS256"
ACCESS_LIFETIME = timedelta(minutes=15)
# How many verified tokens are cached; the oldest are dropped first.
CACHE_SIZE = 10_000

Kind = Literal["user", "impersonation", "tenant"]


class InvalidToken(Exception):  # noqa: N818  (what the caller presented, no error of ours)
    """A token that is forged, of another kind, or expired."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The user and the session of an access token."""

    user: str
    session: str


@dataclass(frozen=True, slots=True)
class ImpersonationClaims(Claims):
    """Those of an impersonation token: `impersonator` acts as the user."""

    impersonator: str


@dataclass(frozen=True, slots=True)
class TenantClaims:
    """The user of a tenant, the session and the tenant: no Claims, whose user is the service's."""

    user: str
    session: str
    tenant: str


AnyClaims: TypeAlias = Claims | TenantClaims


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature and form are valid."""

    claims: AnyClaims
    expires: float


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    secret: bytes


class Tokens:
    """Signs with the current secret key; verifies with the current and the former ones."""

    def __init__(self, settings: Settings) -> None:
        configured = [settings.secret_key, *settings.former_secret_keys]
        self._secrets = [key.get_secret_value().encode() for key in configured]
        keys = [_access_key(secret) for secret in self._secrets]
        self._signing = keys[0]
        self._keys = {key.id: key for key in keys}
        # By their hashes, so that nobody finds a token in memory.
        self._verified: dict[bytes, _Verified] = {}

    def access(self, *, user: str, session: str) -> str:
        """Return a token that lets `user` call until it expires or its session ends."""
        return self._encode("user", Claims(user, session), datetime.now(UTC) + ACCESS_LIFETIME)

    def impersonation(self, claims: ImpersonationClaims, *, expires: datetime) -> str:
        """Return a token that lets somebody act as a user until then or until the session ends."""
        # RFC 8693 calls the claim `act`.
        return self._encode("impersonation", claims, expires, act={"sub": claims.impersonator})

    def tenant(self, claims: TenantClaims) -> str:
        """Return a token that lets a user of a tenant call in it, like `access`."""
        expires = datetime.now(UTC) + ACCESS_LIFETIME
        return self._encode("tenant", claims, expires, tid=claims.tenant)

    def read(self, token: str) -> AnyClaims:
        """Return the claims of a token, of the class that its kind has; raise InvalidToken.

        The signature is verified once per token, since that takes as long as a small query; the
        expiry is checked each time. The caller asks the database whether the session still exists.
        """
        digest = hashlib.sha256(token.encode()).digest()
        verified = self._verified.get(digest)
        if verified is None:
            verified = self._verify(token)
            while len(self._verified) >= CACHE_SIZE:
                del self._verified[next(iter(self._verified))]
            self._verified[digest] = verified
        if verified.expires <= time.time():
            raise InvalidToken
        return verified.claims

    def sign(self, purpose: str, message: str) -> str:
        """Return a signature of a message, as text; a signature for one purpose fits no other."""
        return _sign(self._secrets[0], purpose, message)

    def signatures(self, purpose: str, message: str) -> list[str]:
        """Return what `sign` returns with the current key, and what it did with the former ones."""
        return [_sign(secret, purpose, message) for secret in self._secrets]

    def is_signed(self, purpose: str, message: str, signature: str) -> bool:
        """Return whether a signature was made with the current key or a former one."""
        given = signature.encode()
        made = self.signatures(purpose, message)
        return any(hmac.compare_digest(given, one.encode()) for one in made)

    def _encode(self, kind: Kind, claims: AnyClaims, expires: datetime, **others: object) -> str:
        return jwt.encode(
            {
                "iss": ISSUER,
                "aud": AUDIENCE,
                "kind": kind,
                "sub": claims.user,
                "sid": claims.session,
                "iat": datetime.now(UTC),
                "exp": expires,
                **others,
            },
            self._signing.secret,
            algorithm=ALGORITHM,
            headers={"kid": self._signing.id},
        )

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
            return _Verified(_parse(claims), claims["exp"])
        except (jwt.InvalidTokenError, KeyError, TypeError) as error:
            raise InvalidToken from error


def new_secret() -> str:
    """Return a new opaque token of 256 bits, to be shown once."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return what is stored of an opaque token. It is random, so a fast hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _parse(claims: dict[str, Any]) -> AnyClaims:
    """Return the claims of a token whose signature is valid; raise InvalidToken if it is unknown.

    A token that names who acts, or a tenant, is of the kind that says so, and no other.
    """
    match claims:
        case {"kind": "user" | "tenant", "act": _} | {"kind": "user" | "impersonation", "tid": _}:
            raise InvalidToken
        case {"kind": "user", "sub": user, "sid": session}:
            return Claims(user, session)
        case {"kind": "impersonation", "sub": user, "sid": session, "act": {"sub": impersonator}}:
            return ImpersonationClaims(user, session, impersonator)
        case {"kind": "tenant", "sub": user, "sid": session, "tid": tenant}:
            return TenantClaims(user, session, tenant)
        case _:
            raise InvalidToken


def _access_key(secret: bytes) -> _Key:
    key = hmac.digest(secret, b"access tokens", "sha256")
    return _Key(hashlib.sha256(key).hexdigest()[:8], key)


def _sign(secret: bytes, purpose: str, message: str) -> str:
    # A key of its own for each purpose: no signature can be passed off as one of another kind.
    key = hmac.digest(secret, purpose.encode(), "sha256")
    signature = hmac.digest(key, message.encode(), "sha256")
    return urlsafe_b64encode(signature).rstrip(b"=").decode()
