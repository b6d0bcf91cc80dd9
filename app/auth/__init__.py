"""Who calls: passwords, sessions, tokens."""

from app.auth.caller import Caller, CurrentCaller, TokenClaims, caller_in
from app.auth.tokens import hash_of, new_secret

TABLES = ("User", "Session", "RefreshToken", "EmailToken", "Throttle")

__all__ = [
    "TABLES",
    "Caller",
    "CurrentCaller",
    "TokenClaims",
    "caller_in",
    "hash_of",
    "new_secret",
]
