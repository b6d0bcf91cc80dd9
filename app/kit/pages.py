"""Lists in pages: `take` and `cursor` in, `items` and `nextCursor` out.

A cursor holds the place at which a page ended, not a row: the next page begins there even when that
row is gone.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, Protocol, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from typing_extensions import TypeForm

from app.kit.ids import is_uuid
from app.problems import Problem

MAX_PAGE_SIZE = 100
_MARK = 8


class Identified(Protocol):
    """A row that a page may end with; its id is a UUID."""

    @property
    def id(self) -> str: ...


ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT", bound=Identified)


class Page(BaseModel, Generic[ItemT]):
    items: list[ItemT]
    nextCursor: str | None = None

    @classmethod
    def model_parametrized_name(cls, params: tuple[TypeForm[Any], ...]) -> str:
        """What the API's description calls it."""
        return f"{getattr(params[0], '__name__', 'Any')}Page"


class PageRequest(BaseModel):
    """Which part of a list is asked for; a list has a name, so that its cursors fit no other."""

    take: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE, description="How many items.")] = 20
    cursor: Annotated[
        str | None, Field(max_length=200, description="The nextCursor of the page before.")
    ] = None

    def after(self, list_: str) -> str | None:
        """Of a list in the order of its ids: the one that the page before ended with."""
        place = self._place(list_)
        if place is None:
            return None
        if place[1]:
            raise invalid_cursor()
        return place[0]

    def after_moment(self, list_: str) -> tuple[datetime, str] | None:
        """Of a list in the order of moments, then ids: those that the page before ended with."""
        place = self._place(list_)
        if place is None:
            return None
        try:
            moment = datetime.fromisoformat(place[1])
        except ValueError:
            raise invalid_cursor() from None
        if moment.tzinfo is None:
            raise invalid_cursor()
        return moment, place[0]

    def page(
        self, list_: str, rows: list[RowT], *, moment: Callable[[RowT], datetime] | None = None
    ) -> "Page[RowT]":
        """The page of the rows, which are one more if another page follows."""
        if len(rows) <= self.take:
            return Page(items=rows)
        last = rows[self.take - 1]
        place = f"{last.id} {moment(last).isoformat() if moment else ''}"
        token = base64.urlsafe_b64encode(_mark_of(list_) + place.encode("ascii"))
        return Page(items=rows[: self.take], nextCursor=token.decode().rstrip("="))

    def _place(self, list_: str) -> tuple[str, str] | None:
        """An id, and a moment as text."""
        if self.cursor is None:
            return None
        try:
            decoded = base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4))
            id_, _, moment = decoded[_MARK:].decode("ascii").partition(" ")
        except (ValueError, binascii.Error):
            raise invalid_cursor() from None
        if decoded[:_MARK] != _mark_of(list_) or not is_uuid(id_):
            raise invalid_cursor()
        return id_, moment


def invalid_cursor() -> Problem:
    return Problem(422, "invalid_cursor", "The cursor is not one that this list gave.")


def _mark_of(list_: str) -> bytes:
    # It only has to tell lists apart; what a cursor may show is for the list's query to say.
    return hashlib.sha256(list_.encode()).digest()[:_MARK]


# A model of the query and no dependency, which costs FastAPI more.
Pagination = Annotated[PageRequest, Query()]
