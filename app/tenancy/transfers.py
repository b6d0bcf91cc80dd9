"""Offers of ownership: what does not depend on the kind of tenancy.

The `transfers` module of each kind adds what differs: who owns a tenancy, and what becomes of the
former owner.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypedDict, TypeVar

from prisma.errors import UniqueViolationError
from prisma.types import DateTimeFilter

from app.auth import Caller, throttle
from app.db import prisma
from app.http.pages import Identified, Page, PageRequest
from app.tenancy import mails, recipients
from app.tenancy.errors import transfer_not_found, transfer_pending
from app.tenancy.scope import MembershipScope
from app.tenancy.transactions import TenancyTransaction

LIFETIME = timedelta(days=7)
# Each offer sends a mail.
_BY_ONE_USER = throttle.Limit("transfers", 100, timedelta(days=1))
_OF_ONE_TENANCY = throttle.Limit("transfers of tenancy", 10, timedelta(days=1))

OfferT = TypeVar("OfferT", bound=Identified)


class Offers(Protocol[OfferT]):
    """The generated actions of either kind's offers, whose conditions have types of their own."""

    async def find_first(self, *, where: Any, include: Any = None) -> OfferT | None: ...

    async def find_many(
        self, take: int, *, where: Any, include: Any, order: Any
    ) -> list[OfferT]: ...

    async def create(self, data: Any, include: Any) -> OfferT: ...

    async def delete_many(self, where: Any) -> int: ...


async def count_offer(scope: MembershipScope[Any], user: str) -> None:
    """Count an offer to a user, before its transaction; raise 429."""
    await throttle.attempt(_BY_ONE_USER, scope.user.id)
    await throttle.attempt(_OF_ONE_TENANCY, scope.id)
    email = await scope.read_email(prisma, user)
    if email is not None and user != scope.user.id:
        await recipients.count_mail(email)


class Pending(TypedDict):
    """The part of a `where` that limits a query to offers that have not expired."""

    expiresAt: DateTimeFilter


def pending() -> Pending:
    """Limit a query to offers that have not expired: `where={**pending(), ...}`."""
    return {"expiresAt": {"gt": datetime.now(UTC)}}


async def create(
    transaction: TenancyTransaction[Any, Any],
    offers: Offers[OfferT],
    data: dict[str, Any],
    *,
    include: Any,
    to: str,
    public_url: str,
) -> OfferT:
    """Create an offer and mail it to an address; an expired one is replaced.

    `data` are the columns that name the tenancy, its member and whatever the kind adds.
    """
    scope, now = transaction.scope, datetime.now(UTC)
    await offers.delete_many(where={**scope.where, "expiresAt": {"lte": now}})
    try:
        offered = await offers.create(
            {**scope.where, **data, "expiresAt": now + LIFETIME}, include=include
        )
    except UniqueViolationError:
        raise transfer_pending() from None
    await transaction.record("transfer.offered", subject=data["userId"])
    await mails.transfer(
        transaction.tx,
        to=to,
        owner=scope.caller_name,
        noun=scope.roles.noun,
        name=scope.name,
        link=f"{public_url}/transfers",
        lifetime=LIFETIME,
    )
    return offered


async def take(offers: Offers[OfferT], where: Any) -> OfferT:
    """Delete the offer that a condition finds and return it; raise 404 if there is none."""
    found = await offers.find_first(where=where)
    if found is None or not await offers.delete_many(where={"id": found.id}):
        raise transfer_not_found()
    return found


async def record_declined(transaction: TenancyTransaction[Any, Any], *, to: str, name: str) -> None:
    """Record that the caller declined an offer, and tell whoever made it.

    `name` is that of the tenancy under its lock.
    """
    scope = transaction.scope
    await transaction.record("transfer.declined", subject=scope.user.id)
    await mails.transfer_declined(
        transaction.tx, to=to, member=scope.caller_name, noun=scope.roles.noun, name=name
    )


async def list_offered(
    offers: Offers[OfferT], caller: Caller, pages: PageRequest, *, list_: str, include: Any
) -> "Page[OfferT]":
    """Return the offers that the caller may accept, newest first."""
    where: dict[str, Any] = {"userId": caller.user.id, **pending()}
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await offers.find_many(
        pages.take + 1, where=where, include=include, order={"id": "desc"}
    )
    return pages.page(list_, rows)
