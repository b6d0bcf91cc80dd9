"""Who calls: passwords, sessions, tokens."""

from app.auth import passwords, sessions, throttle
from app.auth.caller import BearerToken, Caller, CurrentCaller, CurrentTokens, going_on
from app.auth.passwords import NewPassword, Password
from app.auth.sessions import TokenPair
from app.auth.tokens import Tokens, hash_of, new_secret

TABLES = ("User", "Session", "RefreshToken", "EmailToken", "Throttle")

__all__ = [
    "TABLES",
    "BearerToken",
    "Caller",
    "CurrentCaller",
    "CurrentTokens",
    "NewPassword",
    "Password",
    "TokenPair",
    "Tokens",
    "going_on",
    "hash_of",
    "new_secret",
    "passwords",
    "sessions",
    "throttle",
]
