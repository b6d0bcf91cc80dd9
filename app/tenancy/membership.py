"""Lists of memberships: pages in the order of joining."""

from datetime import datetime
from typing import Any, TypedDict

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
