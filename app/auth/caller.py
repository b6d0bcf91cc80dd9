"""The caller: the signed-in user of a request, read each time so that a revocation takes effect."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from prisma.models import Session, User

from app.auth.errors import not_signed_in
from app.auth.tokens import Claims, InvalidToken, Tokens
from app.database.scope import set_scope
from app.db import prisma
from app.http.description import declare_responses

_HEADER = b"authorization"


@dataclass(frozen=True, slots=True)
class Caller:
    """The calling user and their session."""

    user: User
    session: Session


async def _tokens(request: Request) -> Tokens:
    return request.app.state.tokens


CurrentTokens = Annotated[Tokens, Depends(_tokens)]


class BearerToken(SecurityBase):
    """Base class of dependencies that need the request's access token.

    They inherit from it instead of depending on it, because each dependency costs every request.
    """

    model = HTTPBearer(description="The access token that a log-in or a refresh returned.")
    scheme_name = "HTTPBearer"

    def claims(self, request: Request) -> Claims:
        """Return the token's claims; raise 401. `verify_session` checks that its session exists."""
        given = next((value for name, value in request.scope["headers"] if name == _HEADER), b"")
        scheme, _, token = given.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise not_signed_in()
        tokens: Tokens = request.app.state.tokens
        try:
            return tokens.read(token)
        except InvalidToken:
            raise not_signed_in() from None


class _Login(Protocol):
    userId: str  # the database's name
    expiresAt: datetime


LoginT = TypeVar("LoginT", bound=_Login)


def verify_session(session: LoginT | None, claims: Claims) -> LoginT:
    """Return the session that was just read for a token; raise 401 if it is over."""
    if session is None or session.userId != claims.user or session.expiresAt <= datetime.now(UTC):
        raise not_signed_in()
    return session


class _CallerDependency(BearerToken):
    async def __call__(self, request: Request) -> Caller:
        claims = self.claims(request)
        set_scope(user=claims.user)
        found = await prisma.session.find_unique(
            where={"id": claims.session}, include={"user": True}
        )
        session = verify_session(found, claims)
        if session.user is None:
            raise not_signed_in()
        return Caller(session.user, session)


# A route with this parameter runs in its caller's scope: it sees their own rows and no others.
CurrentCaller = Annotated[Caller, Depends(declare_responses(401)(_CallerDependency()))]
