"""Who calls: passwords, sessions, tokens."""

from app.auth import passwords, sessions, throttle
from app.auth.caller import Caller, CurrentCaller, CurrentTokens, TokenClaims, caller_in
from app.auth.passwords import NewPassword, Password
from app.auth.sessions import TokenPair
from app.auth.tokens import Tokens, hash_of, new_secret

TABLES = ("User", "Session", "RefreshToken", "EmailToken", "Throttle")

__all__ = [
    "TABLES",
    "Caller",
    "CurrentCaller",
    "CurrentTokens",
    "NewPassword",
    "Password",
    "TokenClaims",
    "TokenPair",
    "Tokens",
    "caller_in",
    "hash_of",
    "new_secret",
    "passwords",
    "sessions",
    "throttle",
]
