"""Web sessions: sessions of browsers, which hold a cookie instead of tokens.

Each has a row in the table `session`, which Express applications with connect-pg-simple may share.
Its document, `sess`, names our session and its user; everything else in it is theirs. A row works
as long as the session that it names, so whatever ends a session ends the cookie too.

`expire` has no time zone. PostgreSQL converts it from and to an instant in the time zone of the
connection, so statements compare and assign instants, as connect-pg-simple does by `to_timestamp`:
a reading in Python would take another zone.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prisma import Prisma

from app.auth import sessions
from app.auth.cookies import SessionCookies
from app.auth.realms import SERVICE, SessionRow
from app.auth.tokens import Claims, new_secret
from app.database.scope import use_scope
from app.db import prisma
from app.kit.ids import is_uuid

# Activity is noted at most this often, so that a read is not always a write.
TOUCH_EVERY = timedelta(hours=1)

# Of a megabyte at most: parsing a longer document would delay all other requests.
_FIND = """
    SELECT CASE WHEN octet_length(sess::text) <= 1048576 THEN sess::text END AS "sess"
    FROM "session" WHERE sid = $1 AND expire >= to_timestamp($2::float8)
"""
_INSERT = """
    INSERT INTO "session" (sid, sess, expire) VALUES ($1, $2::json, to_timestamp($3::float8))
"""
_TOUCH = """
    WITH "used" AS (
        UPDATE "Session" SET
            "usedAt" = $3::timestamptz, "expiresAt" = least("endsAt", $4::timestamptz),
            "webSessionId" = $2
        WHERE id = $1::uuid AND least("expiresAt", "endsAt") > $3::timestamptz
            AND ("usedAt" <= $5::timestamptz OR "webSessionId" IS DISTINCT FROM $2)
        RETURNING "expiresAt"
    )
    UPDATE "session" SET expire = "used"."expiresAt" FROM "used" WHERE sid = $2
    RETURNING extract(epoch FROM "used"."expiresAt")::float8 AS "expires"
"""


@dataclass(frozen=True, slots=True)
class WebClaims(Claims):
    """The user and the session that the row of a cookie names."""

    sid: str


async def find(sid: str) -> WebClaims | None:
    """Return what the row of a cookie claims, or None if it has expired or is not ours."""
    return await _find(prisma, sid)


async def begin(
    tx: Prisma,
    cookies: SessionCookies,
    *,
    user: str,
    user_agent: str | None,
    lifetime: timedelta,
    replaced: str | None,
) -> str:
    """Begin a session with a new sid, and end the one of the sid `replaced`; in its user's scope.

    Return the Set-Cookie header.
    """
    sid = new_secret()
    session = await sessions.create(
        tx, SERVICE, user=user, user_agent=user_agent, lifetime=lifetime, webSessionId=sid
    )
    document = json.dumps(_document(session, is_secure=cookies.is_secure))
    with use_scope(key=sid):
        await tx.execute_raw(_INSERT, sid, document, session.expiresAt.timestamp())
    if replaced:
        await _end(tx, replaced)
    return cookies.write(sid, lifetime=session.expiresAt - session.createdAt)


async def touch(cookies: SessionCookies, claims: WebClaims) -> str | None:
    """Extend a session and its row, which becomes the only one of the session.

    Return the Set-Cookie header, or None if another request did so within the hour.
    """
    now = datetime.now(UTC)
    with use_scope(user=claims.user, key=claims.sid):
        rows: list[Any] = await prisma.query_raw(
            _TOUCH,
            claims.session,
            claims.sid,
            now,
            now + sessions.IDLE_LIFETIME,
            now - TOUCH_EVERY,
        )
    if not rows:
        return None
    expires = datetime.fromtimestamp(rows[0]["expires"], UTC)
    return cookies.write(claims.sid, lifetime=expires - now)


async def _end(tx: Prisma, sid: str) -> None:
    """Delete the row of a cookie, and end the session that it names."""
    claims = await _find(tx, sid)
    # The session first: touching a session locks it before its row.
    if claims:
        with use_scope(user=claims.user):
            await tx.session.delete_many(where={"id": claims.session, "userId": claims.user})
    with use_scope(key=sid):
        await tx.websession.delete_many(where={"sid": sid})


async def _find(client: Prisma, sid: str) -> WebClaims | None:
    with use_scope(key=sid):
        rows: list[Any] = await client.query_raw(_FIND, sid, datetime.now(UTC).timestamp())
    return _parse(sid, rows[0]["sess"]) if rows else None


def _parse(sid: str, document: str | None) -> WebClaims | None:
    """Return what a document claims, or None if it is another application's."""
    try:
        parsed = json.loads(document or "null")
    except (ValueError, RecursionError):
        return None
    match parsed:
        case {"userId": str(user), "sessionId": str(session)} if is_uuid(user) and is_uuid(session):
            return WebClaims(user=user, session=session, sid=sid)
        case _:
            return None


def _document(session: SessionRow, *, is_secure: bool) -> dict[str, object]:
    """Return the document of a new session: express-session needs `cookie`, and writes it so."""
    lifetime = session.expiresAt - session.createdAt
    return {
        "cookie": {
            "originalMaxAge": int(lifetime / timedelta(milliseconds=1)),
            "expires": session.expiresAt.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "secure": is_secure,
            "httpOnly": True,
            "path": "/",
            "sameSite": "lax",
        },
        "userId": session.userId,
        "sessionId": session.id,
    }
