"""The caller: the signed-in user of a request, read each time so that a revocation takes effect."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from prisma.models import Session, User

from app.auth.credentials import Credentials
from app.auth.errors import not_signed_in
from app.auth.tokens import Tokens
from app.database.scope import set_scope
from app.db import prisma
from app.http.description import declare_responses


@dataclass(frozen=True, slots=True)
class Caller:
    """The calling user and their session."""

    user: User
    session: Session


async def _tokens(request: Request) -> Tokens:
    return request.app.state.tokens


CurrentTokens = Annotated[Tokens, Depends(_tokens)]


@declare_responses(403)  # somebody else calls in the name of the user
class _CallerDependency(Credentials):
    async def __call__(self, request: Request) -> Caller:
        claims = await self.read_claims(request)
        set_scope(user=claims.user)
        found = await prisma.session.find_unique(
            where={"id": claims.session}, include={"user": True}
        )
        session = await self.verify_session(request, found, claims)
        if session.user is None:
            raise not_signed_in()
        return Caller(session.user, session)


# A route with this parameter runs in its caller's scope: it sees their own rows and no others.
CurrentCaller = Annotated[Caller, Depends(_CallerDependency())]
