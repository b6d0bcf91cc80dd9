"""Known devices: a token that shows that the account's holder has logged in with this client.

Others' guesses may exhaust the limit of an account; a known device has a limit of its own, so that
the holder still gets in. The token is no credential: it never replaces the password.

It is signed and not stored. The signature covers the hash of the password, so that changing the
password revokes it, as does hashing the password again with new parameters at a log-in.
"""

import secrets
import time
from datetime import timedelta

from prisma.models import User

from app.auth.tokens import Tokens

LIFETIME = timedelta(days=365)
_PURPOSE = "known devices"
_LONGEST = 200


def issue(tokens: Tokens, *, user: str, password_hash: str, device: str | None) -> str:
    """Return a token for a device, a new one if `device` is None."""
    device = device or secrets.token_urlsafe(12)
    expires = int(time.time() + LIFETIME.total_seconds())
    signature = tokens.sign(_PURPOSE, _message(device, str(expires), user, password_hash))
    return f"{device}.{expires}.{signature}"


def identify(tokens: Tokens, token: str | None, user: User | None) -> str | None:
    """Return the device that a token names, or None if the token is not valid for this user.

    This takes as long for a user who does not exist.
    """
    if not token or token.count(".") != 2 or len(token) > _LONGEST:
        return None
    device, expires, signature = token.split(".")
    message = _message(
        device, expires, user.id if user else "", (user.passwordHash if user else None) or ""
    )
    is_signed = tokens.is_signed(_PURPOSE, message, signature)
    if not is_signed or user is None or not user.passwordHash or int(expires) <= time.time():
        return None
    return device


def _message(device: str, expires: str, user: str, password_hash: str) -> str:
    # None of the first three contains a space.
    return f"{device} {expires} {user} {password_hash}"
