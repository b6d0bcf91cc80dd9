"""Who calls: the signed-in user of a request, read anew each time so that a revocation holds."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prisma.models import Session, User, WorkspaceMember

from app.auth.errors import not_signed_in
from app.auth.tokens import Claims, InvalidToken, Tokens
from app.db import prisma
from app.kit.description import may_answer
from app.scope import scope


@dataclass(frozen=True, slots=True)
class Caller:
    """The user who calls, and the session in which they do."""

    user: User
    session: Session


async def _tokens(request: Request) -> Tokens:
    return request.app.state.tokens


CurrentTokens = Annotated[Tokens, Depends(_tokens)]

_bearer = HTTPBearer(auto_error=False, description="The access token that logging in gave.")


@may_answer(401)
async def _claims(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Claims:
    if credentials is None:
        raise not_signed_in()
    try:
        # Called, and not depended on: each dependency costs every request its share.
        return (await _tokens(request)).read(credentials.credentials)
    except InvalidToken:
        raise not_signed_in() from None


# What the request's token says; whether its session still is, `caller_in` finds out.
TokenClaims = Annotated[Claims, Depends(_claims)]


async def caller_in(
    claims: Claims, *, workspace: str | None = None
) -> tuple[Caller, WorkspaceMember | None]:
    """The caller, and their membership of a workspace, in one query; raises 401.

    To be called in the caller's scope.
    """
    session = await prisma.session.find_unique(
        where={"id": claims.session},
        include={
            "user": {
                "include": {
                    "memberships": {
                        "where": {"workspaceId": workspace},
                        "include": {"workspace": True},
                    }
                }
            }
            if workspace
            else True
        },
    )
    if session is None or session.user is None or session.user.id != claims.user:
        raise not_signed_in()
    if session.expiresAt <= datetime.now(UTC):
        raise not_signed_in()
    memberships = session.user.memberships or []
    return Caller(session.user, session), memberships[0] if memberships else None


async def _caller(claims: TokenClaims) -> AsyncGenerator[Caller]:
    with scope(user=claims.user):
        caller, _ = await caller_in(claims)
        yield caller


# A route with this runs in its caller's scope: their own rows, and nobody else's.
CurrentCaller = Annotated[Caller, Depends(_caller)]
