"""Credentials: how a request proves who calls. Which ones are accepted is decided here alone."""

from datetime import UTC, datetime
from typing import Protocol, TypeVar

from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase

from app.auth.errors import not_signed_in
from app.auth.tokens import Claims, InvalidToken, Tokens
from app.http.description import declare_responses

_AUTHORIZATION = b"authorization"


class _Login(Protocol):
    userId: str  # the database's names
    usedAt: datetime
    expiresAt: datetime
    webSessionId: str | None


LoginT = TypeVar("LoginT", bound=_Login)


@declare_responses(401)
class Credentials(SecurityBase):
    """Base class of dependencies that need to know who calls.

    They inherit from it instead of depending on it, because each dependency costs every request.
    Each reads the claims, enters the scope of their user, reads the session with whatever else it
    needs in one query, and verifies the session.
    """

    model = HTTPBearer(description="The access token that a log-in or a refresh returned.")
    scheme_name = "HTTPBearer"

    async def read_claims(self, request: Request) -> Claims:
        """Return who the request says calls, in which session; raise 401."""
        given = next(
            (value for name, value in request.scope["headers"] if name == _AUTHORIZATION), b""
        )
        scheme, _, token = given.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise not_signed_in()
        tokens: Tokens = request.app.state.tokens
        try:
            return tokens.read(token)
        except InvalidToken:
            raise not_signed_in() from None

    async def verify_session(
        self, request: Request, session: LoginT | None, claims: Claims
    ) -> LoginT:
        """Return the session that was just read for these claims; raise 401 if it is over."""
        if (
            session is None
            or session.userId != claims.user
            or session.expiresAt <= datetime.now(UTC)
        ):
            raise not_signed_in()
        return session
