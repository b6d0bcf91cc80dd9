"""Authentication: passwords, sessions, tokens, known devices, throttles."""

from app.auth import devices, passwords, sessions, throttle
from app.auth.caller import Caller, CurrentCaller, CurrentTokens
from app.auth.credentials import Credentials
from app.auth.passwords import NewPassword, Password
from app.auth.sessions import TokenPair
from app.auth.tokens import Tokens, hash_secret, new_secret

__all__ = [
    "Caller",
    "Credentials",
    "CurrentCaller",
    "CurrentTokens",
    "NewPassword",
    "Password",
    "TokenPair",
    "Tokens",
    "devices",
    "hash_secret",
    "new_secret",
    "passwords",
    "sessions",
    "throttle",
]
