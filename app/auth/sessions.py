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
from typing import Any, Literal, LiteralString, Protocol, TypeVar

from prisma import Prisma
from pydantic import BaseModel

from app.auth import refresh_tokens
from app.auth.errors import invalid_refresh_token
from app.auth.realms import Realm, RefreshTokenRow, SessionRow
from app.auth.tokens import ACCESS_LIFETIME, Tokens, hash_secret
from app.db import prisma
from app.http.pages import Identified

# A session that is not used expires after this time.
IDLE_LIFETIME = timedelta(days=30)
GRACE_PERIOD = timedelta(seconds=10)
ViewT = TypeVar("ViewT", bound=Identified)

# Prisma cannot write the lesser of a column and a value.
_EXTEND = """
    UPDATE {session} SET "usedAt" = $2::timestamptz, "expiresAt" = least("endsAt", $3::timestamptz)
    WHERE id = $1::uuid AND least("expiresAt", "endsAt") > $2::timestamptz
    RETURNING "expiresAt"
"""
# Prisma cannot delete in the same statement.
_ROTATE = """
    WITH "outdated" AS (
        DELETE FROM {refresh_token} WHERE "sessionId" = $2::uuid AND "rotatedAt" < $4::timestamptz
    )
    UPDATE {refresh_token} SET "rotatedAt" = $3::timestamptz WHERE id = $1::uuid
"""


class TokenPair(BaseModel):
    """An access token, and the refresh token that is exchanged for the next pair."""

    accessToken: str
    refreshToken: str
    tokenType: Literal["Bearer"] = "Bearer"
    expiresIn: int


class OwnSessions(Protocol[ViewT]):
    """Reads sessions as what the API returns: `SessionActions(prisma, View)`."""

    async def find_many(
        self, take: int, *, where: Any, include: Any, order: Any
    ) -> list[ViewT]: ...


async def begin(
    tx: Prisma,
    realm: Realm,
    tokens: Tokens,
    *,
    user: str,
    user_agent: str | None,
    lifetime: timedelta,
) -> TokenPair:
    """Begin a session with tokens that ends after `lifetime` at the latest; in its user's scope."""
    session = await create(tx, realm, user=user, user_agent=user_agent, lifetime=lifetime)
    token = refresh_tokens.first(tokens, realm, user=user, session=session.id)
    await _store(tx, realm, token, user=user, session=session.id, expires=session.expiresAt)
    return _pair(tokens, realm, token, user=user, session=session.id)


async def create(
    tx: Prisma,
    realm: Realm,
    *,
    user: str,
    user_agent: str | None,
    lifetime: timedelta,
    **columns: str,
) -> SessionRow:
    """Create a session that ends after `lifetime` at the latest; in its user's scope."""
    now = datetime.now(UTC)
    ends = now + lifetime
    return await realm.sessions(tx).create(
        {
            **realm.columns,
            **columns,
            "userId": user,
            "userAgent": user_agent,
            "createdAt": now,
            "usedAt": now,
            "expiresAt": min(now + IDLE_LIFETIME, ends),
            "endsAt": ends,
        }
    )


async def refresh(tokens: Tokens, realm: Realm, *, refresh_token: str) -> TokenPair:
    """Exchange a refresh token; raise 401."""
    hash_ = hash_secret(refresh_token)
    with realm.use_scope(key=hash_):
        found = await realm.refresh_tokens(prisma).find_first(
            where={**realm.columns, "hash": hash_}
        )
    now = datetime.now(UTC)
    if found is None:
        await _end_if_reused(tokens, realm, refresh_token)
        raise invalid_refresh_token()
    if found.expiresAt <= now:
        raise invalid_refresh_token()
    successors = refresh_tokens.successors(tokens, realm, refresh_token)
    # A token that does not name its session needs its row until the session ends.
    outdated = now - GRACE_PERIOD if refresh_tokens.names_session(refresh_token) else None
    with realm.use_scope(user=found.userId):
        async with prisma.tx() as tx:
            successor = await _exchange(tx, realm, found, successors, now, outdated)
    if successor is None:  # raised after the transaction, which may have ended the session
        raise invalid_refresh_token()
    return _pair(tokens, realm, successor, user=found.userId, session=found.sessionId)


async def list_own(
    sessions: OwnSessions[ViewT],
    realm: Realm,
    user: str,
    *,
    after: str | None,
    take: int,
    include: Any = None,
) -> list[ViewT]:
    """Return a user's sessions, the newest first."""
    now = datetime.now(UTC)
    where: dict[str, Any] = {**realm.columns, "userId": user, "expiresAt": {"gt": now}}
    if after:
        where["id"] = {"lt": after}
    return await sessions.find_many(take, where=where, include=include, order={"id": "desc"})


async def end(realm: Realm, user: str, session: str) -> bool:
    """End a session of a user; return whether there was one."""
    where = {**realm.columns, "id": session, "userId": user}
    return bool(await realm.sessions(prisma).delete_many(where=where))


async def end_all(tx: Prisma, realm: Realm, user: str, *, but: str | None = None) -> None:
    """End all sessions of a user, or all but one."""
    where: dict[str, Any] = {**realm.columns, "userId": user}
    if but:
        where["NOT"] = [{"id": but}]
    await realm.sessions(tx).delete_many(where=where)


async def _end_if_reused(tokens: Tokens, realm: Realm, refresh_token: str) -> None:
    """End the session of a token that was issued and whose row is deleted: it was exchanged."""
    if origin := refresh_tokens.identify(tokens, realm, refresh_token):
        with realm.use_scope(user=origin.user):
            await end(realm, origin.user, origin.session)


async def _exchange(
    tx: Prisma,
    realm: Realm,
    presented: RefreshTokenRow,
    successors: list[str],
    now: datetime,
    outdated: datetime | None,
) -> str | None:
    """Return the successor of a token, or None if there is none for whoever presents it.

    Delete the session's tokens that were rotated before `outdated`.
    """
    # This locks the session's row, so that exchanges within a family happen one after the other.
    extend = _of(realm, _EXTEND)
    rows: list[Any] = await tx.query_raw(extend, presented.sessionId, now, now + IDLE_LIFETIME)
    token = await realm.refresh_tokens(tx).find_first(where={**realm.columns, "id": presented.id})
    if not rows:
        return None
    if token is None or (token.rotatedAt and now - token.rotatedAt > GRACE_PERIOD):
        await realm.sessions(tx).delete_many(where={**realm.columns, "id": presented.sessionId})
        return None
    if token.rotatedAt is None:
        await tx.execute_raw(_of(realm, _ROTATE), token.id, token.sessionId, now, outdated)
        expires = datetime.fromisoformat(rows[0]["expiresAt"])
        successor = successors[0]
        await _store(
            tx, realm, successor, user=token.userId, session=token.sessionId, expires=expires
        )
        return successor
    return await _find_successor(tx, realm, token.sessionId, successors)


async def _find_successor(
    tx: Prisma, realm: Realm, session: str, successors: list[str]
) -> str | None:
    """Return the successor that is stored; its hash tells which key made it.

    Return None if the key that derived the successor was removed: deriving another would fork the
    family, so the caller has to log in again.
    """
    by_hash = {hash_secret(successor): successor for successor in successors}
    stored = await realm.refresh_tokens(tx).find_first(
        where={**realm.columns, "sessionId": session, "hash": {"in": list(by_hash)}}
    )
    return by_hash[stored.hash] if stored else None


async def _store(
    tx: Prisma, realm: Realm, token: str, *, user: str, session: str, expires: datetime
) -> None:
    await realm.refresh_tokens(tx).create(
        {
            **realm.columns,
            "hash": hash_secret(token),
            "sessionId": session,
            "userId": user,
            "expiresAt": expires,
        }
    )


def _of(realm: Realm, statement: LiteralString) -> LiteralString:
    """Return a statement on the tables of a realm."""
    names = realm.tables
    return statement.format(session=names.session, refresh_token=names.refresh_token)


def _pair(
    tokens: Tokens, realm: Realm, refresh_token: str, *, user: str, session: str
) -> TokenPair:
    return TokenPair(
        accessToken=realm.access_token(tokens, user=user, session=session),
        refreshToken=refresh_token,
        expiresIn=int(ACCESS_LIFETIME.total_seconds()),
    )
