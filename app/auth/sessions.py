"""Sessions: begun by a log-in, kept alive by refresh tokens or a cookie, ended with their row.

A session's refresh tokens are a family. Each is exchanged once for its successor. The server's key
derives the successor from the token, so whoever presents the token again within the grace period,
as two tabs do that refresh at the same time, gets the same successor: a family is a chain and never
forks. A later use means that somebody has a copy, and ends the session for both. Rows are deleted
after the grace period, so that no client accumulates them; tokens without a row name their session.

A session ends when it was not used for a while, and however often it is used at a time that is
fixed when it begins.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from prisma import Prisma
from prisma.actions import SessionActions
from prisma.models import RefreshToken, Session
from prisma.partials import OwnSession
from prisma.types import SessionWhereInput
from pydantic import BaseModel

from app.auth import refresh_tokens
from app.auth.errors import invalid_refresh_token
from app.auth.tokens import ACCESS_LIFETIME, Tokens, hash_secret
from app.database.scope import use_scope
from app.db import prisma

# A session that is not used expires after this time.
IDLE_LIFETIME = timedelta(days=30)
GRACE_PERIOD = timedelta(seconds=10)
_own = SessionActions(prisma, OwnSession)

# Prisma cannot write the lesser of a column and a value.
_EXTEND = """
    UPDATE "Session" SET "usedAt" = $2::timestamptz, "expiresAt" = least("endsAt", $3::timestamptz)
    WHERE id = $1::uuid AND least("expiresAt", "endsAt") > $2::timestamptz
    RETURNING "expiresAt"
"""
# Prisma cannot delete in the same statement.
_ROTATE = """
    WITH "outdated" AS (
        DELETE FROM "RefreshToken" WHERE "sessionId" = $2::uuid AND "rotatedAt" < $4::timestamptz
    )
    UPDATE "RefreshToken" SET "rotatedAt" = $3::timestamptz WHERE id = $1::uuid
"""


class TokenPair(BaseModel):
    """An access token, and the refresh token that is exchanged for the next pair."""

    accessToken: str
    refreshToken: str
    tokenType: Literal["Bearer"] = "Bearer"
    expiresIn: int


async def begin(
    tx: Prisma, tokens: Tokens, *, user: str, user_agent: str | None, lifetime: timedelta
) -> TokenPair:
    """Begin a session with tokens that ends after `lifetime` at the latest; in its user's scope."""
    session = await create(tx, user=user, user_agent=user_agent, lifetime=lifetime)
    token = refresh_tokens.first(tokens, user=user, session=session.id)
    await _store(tx, token, user=user, session=session.id, expires=session.expiresAt)
    return _pair(tokens, token, user=user, session=session.id)


async def create(
    tx: Prisma,
    *,
    user: str,
    user_agent: str | None,
    lifetime: timedelta,
    web_session: str | None = None,
) -> Session:
    """Create a session that ends after `lifetime` at the latest; in its user's scope."""
    now = datetime.now(UTC)
    ends = now + lifetime
    return await tx.session.create(
        {
            "userId": user,
            "userAgent": user_agent,
            "createdAt": now,
            "usedAt": now,
            "expiresAt": min(now + IDLE_LIFETIME, ends),
            "endsAt": ends,
            "webSessionId": web_session,
        }
    )


async def refresh(tokens: Tokens, *, refresh_token: str) -> TokenPair:
    """Exchange a refresh token; raise 401."""
    hash_ = hash_secret(refresh_token)
    with use_scope(key=hash_):
        found = await prisma.refreshtoken.find_unique(where={"hash": hash_})
    now = datetime.now(UTC)
    if found is None:
        await _end_if_reused(tokens, refresh_token)
        raise invalid_refresh_token()
    if found.expiresAt <= now:
        raise invalid_refresh_token()
    successors = refresh_tokens.successors(tokens, refresh_token)
    # A token that does not name its session needs its row until the session ends.
    outdated = now - GRACE_PERIOD if refresh_tokens.names_session(refresh_token) else None
    with use_scope(user=found.userId):
        async with prisma.tx() as tx:
            successor = await _exchange(tx, found, successors, now, outdated)
    if successor is None:  # raised after the transaction, which may have ended the session
        raise invalid_refresh_token()
    return _pair(tokens, successor, user=found.userId, session=found.sessionId)


async def list_own(user: str, *, after: str | None, take: int) -> list[OwnSession]:
    """Return a user's sessions, the newest first."""
    where: SessionWhereInput = {"userId": user, "expiresAt": {"gt": datetime.now(UTC)}}
    if after:
        where["id"] = {"lt": after}
    return await _own.find_many(
        where=where, include={"impersonation": True}, order={"id": "desc"}, take=take
    )


async def end(user: str, session: str) -> bool:
    """End a session of a user; return whether there was one."""
    return bool(await prisma.session.delete_many(where={"id": session, "userId": user}))


async def end_all(tx: Prisma, user: str, *, but: str | None = None) -> None:
    """End all sessions of a user, or all but one."""
    where: SessionWhereInput = {"userId": user}
    if but:
        where["NOT"] = [{"id": but}]
    await tx.session.delete_many(where=where)


async def _end_if_reused(tokens: Tokens, refresh_token: str) -> None:
    """End the session of a token that was issued and whose row is deleted: it was exchanged."""
    if origin := refresh_tokens.identify(tokens, refresh_token):
        with use_scope(user=origin.user):
            await end(origin.user, origin.session)


async def _exchange(
    tx: Prisma,
    presented: RefreshToken,
    successors: list[str],
    now: datetime,
    outdated: datetime | None,
) -> str | None:
    """Return the successor of a token, or None if there is none for whoever presents it.

    Delete the session's tokens that were rotated before `outdated`.
    """
    # This locks the session's row, so that exchanges within a family happen one after the other.
    rows: list[Any] = await tx.query_raw(_EXTEND, presented.sessionId, now, now + IDLE_LIFETIME)
    token = await tx.refreshtoken.find_unique(where={"id": presented.id})
    if not rows:
        return None
    if token is None or (token.rotatedAt and now - token.rotatedAt > GRACE_PERIOD):
        await tx.session.delete_many(where={"id": presented.sessionId})
        return None
    if token.rotatedAt is None:
        await tx.execute_raw(_ROTATE, token.id, token.sessionId, now, outdated)
        expires = datetime.fromisoformat(rows[0]["expiresAt"])
        successor = successors[0]
        await _store(tx, successor, user=token.userId, session=token.sessionId, expires=expires)
        return successor
    return await _find_successor(tx, token.sessionId, successors)


async def _find_successor(tx: Prisma, session: str, successors: list[str]) -> str | None:
    """Return the successor that is stored; its hash tells which key made it.

    Return None if the key that derived the successor was removed: deriving another would fork the
    family, so the caller has to log in again.
    """
    by_hash = {hash_secret(successor): successor for successor in successors}
    stored = await tx.refreshtoken.find_first(
        where={"sessionId": session, "hash": {"in": list(by_hash)}}
    )
    return by_hash[stored.hash] if stored else None


async def _store(tx: Prisma, token: str, *, user: str, session: str, expires: datetime) -> None:
    await tx.refreshtoken.create(
        {"hash": hash_secret(token), "sessionId": session, "userId": user, "expiresAt": expires}
    )


def _pair(tokens: Tokens, refresh_token: str, *, user: str, session: str) -> TokenPair:
    return TokenPair(
        accessToken=tokens.access(user=user, session=session),
        refreshToken=refresh_token,
        expiresIn=int(ACCESS_LIFETIME.total_seconds()),
    )
