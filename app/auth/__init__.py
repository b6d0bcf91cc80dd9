"""Who calls: passwords, sessions, tokens."""

from app.auth.caller import Caller, CurrentCaller, TokenClaims, caller_in

TABLES = ("User", "Session", "RefreshToken", "EmailToken", "Throttle")

__all__ = ["TABLES", "Caller", "CurrentCaller", "TokenClaims", "caller_in"]
