"""Memberships of any kind: pages in the order of joining, and the end of all of a user's."""

from datetime import datetime
from typing import Any, TypedDict

from prisma import Prisma
from prisma.types import DateTimeFilter


class JoinedAfter(TypedDict, total=False):
    """The part of a `where` that starts a page of memberships after a place."""

    joinedAt: DateTimeFilter
    # Any, because each model has a type of its own for the same conditions.
    OR: list[Any]


def joined_after(place: tuple[datetime, str] | None) -> JoinedAfter:
    """Return the part of a `where` that starts a page after a place in the order of joining."""
    if place is None:
        return {}
    moment, id_ = place
    # The first condition is redundant; it lets PostgreSQL start in the middle of the index.
    return {"joinedAt": {"gte": moment}, "OR": [{"joinedAt": {"gt": moment}}, {"id": {"gt": id_}}]}


async def end_memberships(tx: Prisma) -> None:
    """Record the end of the caller's memberships, before `tx` deletes the account.

    Workspaces of the caller, and organizations of which they are the only owner, end with it. It
    locks the caller's row, then these workspaces and organizations, so that nothing is added
    meanwhile. The deletion of the account cascades to the rows. Requires the caller's scope.
    """
    # A scope covers one tenancy: a database function writes to all these trails at once.
    await tx.execute_raw("SELECT end_memberships()")
