"""Known devices: a token that shows that the account's holder has logged in with this client.

Others' guesses may exhaust the limit of an account; a known device has a limit of its own, so that
the holder still gets in. The token is no credential: it never replaces the password.

It is signed and not stored. The signature covers the hash of the password, so that changing the
password revokes it, as does hashing the password again with new parameters at a log-in.
"""

import secrets
import time
from datetime import timedelta

from app.auth.realms import Account, Realm
from app.auth.tokens import Tokens

LIFETIME = timedelta(days=365)
_PURPOSE = "known devices"
_LONGEST = 200


def issue(
    tokens: Tokens, realm: Realm, *, user: str, password_hash: str, device: str | None
) -> str:
    """Return a token for a device, a new one if `device` is None."""
    device = device or secrets.token_urlsafe(12)
    expires = int(time.time() + LIFETIME.total_seconds())
    message = _message(device, str(expires), user, password_hash)
    signature = tokens.sign(realm.distinguish(_PURPOSE), message)
    return f"{device}.{expires}.{signature}"


def identify(
    tokens: Tokens, realm: Realm, token: str | None, account: Account | None
) -> str | None:
    """Return the device that a token names, or None if the token is not valid for this account.

    This takes as long for an account that does not exist.
    """
    if not token or token.count(".") != 2 or len(token) > _LONGEST:
        return None
    device, expires, signature = token.split(".")
    password_hash = account.password_hash if account else None
    message = _message(device, expires, account.id if account else "", password_hash or "")
    is_signed = tokens.is_signed(realm.distinguish(_PURPOSE), message, signature)
    if not is_signed or not password_hash or int(expires) <= time.time():
        return None
    return device


def _message(device: str, expires: str, user: str, password_hash: str) -> str:
    # None of the first three contains a space.
    return f"{device} {expires} {user} {password_hash}"
