"""The cookie of a web session, in the signed format of express-session.

Its value is `s:<sid>.<signature>`, URL-encoded. The signature is the HMAC-SHA256 of the sid in
base64 without padding. Express applications with the same secrets read and write the same cookie.
"""

import hmac
from base64 import b64encode
from datetime import timedelta
from urllib.parse import quote, unquote

from starlette.types import Scope

from app.settings import Settings

NAME = "connect.sid"
_HEADER, _KEY = b"cookie", NAME.encode()
_SIGNED = "s:"
# Browsers keep no longer cookie.
_MAX_BYTES = 4096
# What encodeURIComponent leaves as it is, besides letters, digits and "-_.~".
_SAFE = "!*'()"


class SessionCookies:
    """Signs with the first session secret; verifies with all of them."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = [secret.get_secret_value().encode() for secret in settings.session_secret]
        self.is_secure = not settings.development

    def read(self, request: Scope) -> str | None:
        """Return the sid of the request's cookie, or None without a valid one.

        Two cookies of the name are none: another application of the site may have set one of them.
        """
        values = [
            value.strip()
            for name, header in request["headers"]
            if name == _HEADER
            for key, _, value in (part.partition(b"=") for part in header.split(b";"))
            if key.strip() == _KEY
        ]
        return self._verify(values[0]) if len(values) == 1 else None

    def write(self, sid: str, *, lifetime: timedelta) -> str:
        """Return the Set-Cookie header for a sid."""
        value = quote(f"{_SIGNED}{sid}.{_sign(self._secrets[0], sid)}", safe=_SAFE)
        return self._header(value, int(lifetime.total_seconds()))

    def clear(self) -> str:
        """Return the Set-Cookie header that removes the cookie."""
        return self._header("", 0)

    def _header(self, value: str, max_age: int) -> str:
        secure = "; Secure" if self.is_secure else ""
        return f"{NAME}={value}; Max-Age={max_age}; Path=/; HttpOnly; SameSite=Lax{secure}"

    def _verify(self, value: bytes) -> str | None:
        if len(value) > _MAX_BYTES:
            return None
        try:
            text = unquote(value.decode("ascii"), errors="strict")
        except UnicodeError:
            return None
        sid, _, signature = text.removeprefix(_SIGNED).rpartition(".")
        if not text.startswith(_SIGNED) or not sid or not sid.isprintable():
            return None
        given = signature.encode()
        made = [_sign(secret, sid).encode() for secret in self._secrets]
        return sid if any(hmac.compare_digest(given, one) for one in made) else None


def _sign(secret: bytes, sid: str) -> str:
    return b64encode(hmac.digest(secret, sid.encode(), "sha256")).rstrip(b"=").decode()
