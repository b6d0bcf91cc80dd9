"""Who calls: the signed-in user of a request, read anew each time so that a revocation holds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from prisma.models import Session, User

from app.auth.errors import not_signed_in
from app.auth.tokens import Claims, InvalidToken, Tokens
from app.db import prisma
from app.kit.description import declare_responses
from app.scope import set_scope

_HEADER = b"authorization"


@dataclass(frozen=True, slots=True)
class Caller:
    """The user who calls, and the session in which they do."""

    user: User
    session: Session


async def _tokens(request: Request) -> Tokens:
    return request.app.state.tokens


CurrentTokens = Annotated[Tokens, Depends(_tokens)]


class BearerToken(SecurityBase):
    """A dependency that begins with the request's token.

    What needs the token derives from it, and does not depend on it: each dependency costs every
    request its share.
    """

    model = HTTPBearer(description="The access token that logging in gave.")
    scheme_name = "HTTPBearer"

    def claims(self, request: Request) -> Claims:
        """What the token says; whether its session still is, `verify_session` finds out."""
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
    """The session of a token, read anew; raises 401 if it is over."""
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


# A route with this runs in its caller's scope: their own rows, and nobody else's.
CurrentCaller = Annotated[Caller, Depends(declare_responses(401)(_CallerDependency()))]
