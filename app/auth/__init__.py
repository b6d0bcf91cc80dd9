"""Authentication: passwords, sessions, tokens, known devices, throttles."""

from app.auth import devices, passwords, sessions, throttle, web_sessions
from app.auth.caller import Caller, CurrentCaller, CurrentTokens
from app.auth.cookies import SessionCookies
from app.auth.credentials import (
    IMPERSONATED_BY,
    Credentials,
    CurrentCookies,
    TenantCredentials,
    name_impersonator,
    require_own_page,
)
from app.auth.passwords import NewPassword, Password
from app.auth.sessions import TokenPair
from app.auth.tokens import ImpersonationClaims, TenantClaims, Tokens, hash_secret, new_secret

__all__ = [
    "IMPERSONATED_BY",
    "Caller",
    "Credentials",
    "CurrentCaller",
    "CurrentCookies",
    "CurrentTokens",
    "ImpersonationClaims",
    "NewPassword",
    "Password",
    "SessionCookies",
    "TenantClaims",
    "TenantCredentials",
    "TokenPair",
    "Tokens",
    "devices",
    "hash_secret",
    "name_impersonator",
    "new_secret",
    "passwords",
    "require_own_page",
    "sessions",
    "throttle",
    "web_sessions",
]
