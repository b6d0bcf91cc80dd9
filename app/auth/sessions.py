"""Sessions: begun by a log-in, kept alive by refresh tokens, ended by deleting their row.

A session's refresh tokens are a family. Each is exchanged for the next; for a few seconds after
that it may be exchanged again, since two tabs refresh at the same time. A later use means that
somebody has a copy, and ends the session for both.
"""

from datetime import UTC, datetime, timedelta
from typing import Literal

from prisma import Prisma
from prisma.actions import SessionActions
from prisma.models import RefreshToken
from prisma.partials import OwnSession
from prisma.types import SessionWhereInput
from pydantic import BaseModel

from app.auth.errors import invalid_refresh_token
from app.auth.tokens import ACCESS_LIFETIME, Tokens, hash_secret, new_secret
from app.db import prisma
from app.scope import use_scope

# Of a session that is not used.
LIFETIME = timedelta(days=30)
GRACE_PERIOD = timedelta(seconds=10)
_own = SessionActions(prisma, OwnSession)


class TokenPair(BaseModel):
    """What a client needs to call, and to go on calling."""

    accessToken: str
    refreshToken: str
    tokenType: Literal["Bearer"] = "Bearer"
    expiresIn: int


async def begin(tx: Prisma, tokens: Tokens, *, user: str, user_agent: str | None) -> TokenPair:
    """A new session; in its user's scope."""
    now = datetime.now(UTC)
    session = await tx.session.create(
        {"userId": user, "userAgent": user_agent, "usedAt": now, "expiresAt": now + LIFETIME}
    )
    return await _issue(tx, tokens, user=user, session=session.id, now=now)


async def refresh(tokens: Tokens, *, refresh_token: str) -> TokenPair:
    """Exchange a refresh token; raises 401."""
    hash_ = hash_secret(refresh_token)
    with use_scope(key=hash_):
        found = await prisma.refreshtoken.find_unique(where={"hash": hash_})
    now = datetime.now(UTC)
    if found is None or found.expiresAt <= now:
        raise invalid_refresh_token()
    with use_scope(user=found.userId):
        async with prisma.tx() as tx:
            pair = await _exchange(tx, tokens, found, now)
    if pair is None:  # after the transaction, which may have ended the session
        raise invalid_refresh_token()
    return pair


async def list_own(user: str, *, after: str | None, take: int) -> list[OwnSession]:
    """A user's sessions, the newest first."""
    where: SessionWhereInput = {"userId": user, "expiresAt": {"gt": datetime.now(UTC)}}
    if after:
        where["id"] = {"lt": after}
    return await _own.find_many(where=where, order={"id": "desc"}, take=take)


async def end(user: str, session: str) -> bool:
    """End a session of a user; whether there was one."""
    return bool(await prisma.session.delete_many(where={"id": session, "userId": user}))


async def end_all(tx: Prisma, user: str, *, but: str | None = None) -> None:
    """End all sessions of a user, or all but one."""
    where: SessionWhereInput = {"userId": user}
    if but:
        where["NOT"] = [{"id": but}]
    await tx.session.delete_many(where=where)


async def _exchange(
    tx: Prisma, tokens: Tokens, presented: RefreshToken, now: datetime
) -> TokenPair | None:
    # It also locks the session's row: the exchanges of a family happen one after the other.
    is_alive = await tx.session.update_many(
        where={"id": presented.sessionId, "expiresAt": {"gt": now}},
        data={"usedAt": now, "expiresAt": now + LIFETIME},
    )
    token = await tx.refreshtoken.find_unique(where={"id": presented.id})
    if not is_alive or token is None:
        return None
    if token.rotatedAt is None:
        await tx.refreshtoken.update(where={"id": token.id}, data={"rotatedAt": now})
    elif now - token.rotatedAt > GRACE_PERIOD:
        await tx.session.delete_many(where={"id": token.sessionId})
        return None
    return await _issue(tx, tokens, user=token.userId, session=token.sessionId, now=now)


async def _issue(
    tx: Prisma, tokens: Tokens, *, user: str, session: str, now: datetime
) -> TokenPair:
    secret = new_secret()
    await tx.refreshtoken.create(
        {
            "hash": hash_secret(secret),
            "sessionId": session,
            "userId": user,
            "expiresAt": now + LIFETIME,
        }
    )
    return TokenPair(
        accessToken=tokens.access(user=user, session=session),
        refreshToken=secret,
        expiresIn=int(ACCESS_LIFETIME.total_seconds()),
    )
