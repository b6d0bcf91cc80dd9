"""Starting, listing and ending impersonations.

Somebody acts as a user by a session of that user, which both of them see and can end. It also ends
with the impersonator's own session, when the user leaves the tenancy, when an owner withdraws the
consent, and on the first request for which the capabilities no longer suffice.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from prisma import Prisma
from prisma.actions import ImpersonationSessionActions
from prisma.enums import ImpersonationMode
from prisma.partials import ImpersonationView
from prisma.types import ImpersonationSessionWhereInput

from app.access import Capability, CapableCaller
from app.auth import Caller, ImpersonationClaims, Tokens, throttle
from app.auth.errors import not_signed_in
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.impersonation.errors import (
    cannot_impersonate_yourself,
    impersonation_not_allowed,
    impersonation_not_found,
    impersonation_over,
    member_not_found,
    user_more_capable,
)
from app.impersonation.schemas import NewImpersonation, StartedImpersonation
from app.kit.ids import is_uuid

# Refused attempts count too: they tell who is a member of what.
STARTS = throttle.Limit("impersonations", 30, timedelta(hours=1))
_LIST = "my impersonations"
_impersonations = ImpersonationSessionActions(prisma, ImpersonationView)

# Prisma can neither lock rows nor call functions.
_LOCK = 'SELECT lock_impersonation_terms($1::uuid, $2::uuid, $3, $4::uuid) AS "isSignedIn"'
_TERMS = "SELECT * FROM impersonation_terms($1::uuid, $2, $3::uuid)"


async def start(
    caller: CapableCaller, tokens: Tokens, wanted: NewImpersonation
) -> StartedImpersonation:
    """Let the caller act as a member of a tenancy; return the token for it."""
    if wanted.mode is ImpersonationMode.write:
        caller.require(Capability.IMPERSONATE_WRITE)
    await throttle.attempt(STARTS, caller.user.id)
    if str(wanted.userId) == caller.user.id:
        raise cannot_impersonate_yourself()
    now = datetime.now(UTC)
    # It needs no check of the caller's session later: that one lasts longer, or is deleted.
    ends = min(now + timedelta(minutes=wanted.minutes), caller.session.expiresAt)
    async with prisma.tx() as tx:
        await _require_terms(tx, caller, wanted)
        made = await ImpersonationSessionActions(tx, ImpersonationView).create(
            {
                "impersonatorId": caller.user.id,
                "impersonatorSessionId": caller.session.id,
                "userId": str(wanted.userId),
                "workspaceId": wanted.workspaceId,
                "organizationId": _text(wanted.organizationId),
                "reason": wanted.reason,
                "mode": wanted.mode,
                "createdAt": now,
                "expiresAt": ends,
            }
        )
    claims = ImpersonationClaims(made.userId, made.id, caller.user.id)
    return StartedImpersonation(
        **vars(made),
        accessToken=tokens.impersonation(claims, expires=ends),
        expiresIn=int((ends - now).total_seconds()),
    )


async def list_mine(caller: Caller, pages: PageRequest) -> Page[ImpersonationView]:
    """Return the caller's impersonations that are not over, newest first."""
    where: ImpersonationSessionWhereInput = {
        "impersonatorId": caller.user.id,
        "expiresAt": {"gt": datetime.now(UTC)},
    }
    if after := pages.after(_LIST):
        where["id"] = {"lt": after}
    rows = await _impersonations.find_many(where=where, order={"id": "desc"}, take=pages.take + 1)
    return pages.page(_LIST, rows)


async def end(caller: Caller, *, id_: str) -> None:
    """End one of the caller's impersonations; raise 404."""
    if not is_uuid(id_) or not await _end(id_, impersonator=caller.user.id):
        raise impersonation_not_found()


async def end_current(claims: ImpersonationClaims) -> None:
    """End the impersonation of the request; raise 401 if it is over."""
    if not await _end(claims.session, impersonator=claims.impersonator):
        raise impersonation_over()


async def _end(id_: str, *, impersonator: str) -> bool:
    """End an impersonation; return whether there was one."""
    # Triggers delete the session and write to the trail, as for every other way in which it ends.
    where: ImpersonationSessionWhereInput = {"id": id_, "impersonatorId": impersonator}
    return bool(await prisma.impersonationsession.delete_many(where=where))


async def _require_terms(tx: Prisma, caller: CapableCaller, wanted: NewImpersonation) -> None:
    """Lock what decides whether the caller may; raise 401, 403 or 404 unless they may."""
    target = (str(wanted.userId), wanted.workspaceId, _text(wanted.organizationId))
    locked: Any = await tx.query_first(_LOCK, caller.session.id, *target)
    if not locked["isSignedIn"]:
        raise not_signed_in()
    terms: Any = await tx.query_first(_TERMS, *target)
    if not terms["isMember"]:
        raise member_not_found()
    if not terms["isAllowed"]:
        raise impersonation_not_allowed()
    if terms["lacking"]:
        raise user_more_capable(terms["lacking"])
    held = CapableCaller(caller.session, frozenset(terms["held"]))  # as it is under the lock
    held.require(Capability.IMPERSONATE)
    if wanted.mode is ImpersonationMode.write:
        held.require(Capability.IMPERSONATE_WRITE)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
