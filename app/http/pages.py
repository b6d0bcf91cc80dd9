"""Lists in pages: `take` and `cursor` in, `items` and `nextCursor` out.

A cursor holds the position at which a page ended, not a row: the next page starts there even if
that row is deleted.
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

from app.http.problems import Problem
from app.kit.ids import is_uuid
from app.kit.moments import is_plausible
from app.kit.numbers import to_count

MAX_PAGE_SIZE = 100
_PREFIX_BYTES = 8


class Identified(Protocol):
    """A row of a list; its id is a UUID."""

    @property
    def id(self) -> str: ...


ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT", bound=Identified)


class Page(BaseModel, Generic[ItemT]):
    items: list[ItemT]
    nextCursor: str | None = None

    @classmethod
    def model_parametrized_name(cls, params: tuple[TypeForm[Any], ...]) -> str:
        """Return the name in the API's description."""
        return f"{getattr(params[0], '__name__', 'Any')}Page"


class PageRequest(BaseModel):
    """The requested part of a list. A list has a name, so that other lists refuse its cursors."""

    take: Annotated[
        int, Field(ge=1, le=MAX_PAGE_SIZE, description="The maximum number of items.")
    ] = 20
    cursor: Annotated[
        str | None, Field(max_length=1000, description="The nextCursor of the previous page.")
    ] = None

    def after(self, list_: str) -> str | None:
        """Return the id that the previous page of a list sorted by id ended with, or None."""
        position = self._position(list_)
        if position is None:
            return None
        if position[1]:
            raise invalid_cursor()
        return position[0]

    def after_moment(self, list_: str) -> tuple[datetime, str] | None:
        """Return the moment and id that the previous page of a list sorted by them ended with."""
        position = self._position(list_)
        if position is None:
            return None
        try:
            moment = datetime.fromisoformat(position[1])
        except ValueError:
            raise invalid_cursor() from None
        if moment.tzinfo is None or not is_plausible(moment):
            raise invalid_cursor()
        return moment, position[0]

    def after_text(self, list_: str) -> str | None:
        """Return the text that the previous page of a list sorted by it ended with, or None."""
        position = self.after_text_and_id(list_)
        return position[0] if position else None

    def after_text_and_id(self, list_: str) -> tuple[str, str] | None:
        """Return the text and id that the previous page of a list sorted by them ended with."""
        position = self._position(list_)
        if position is None:
            return None
        id_, text = position
        if "\0" in text:
            raise invalid_cursor()
        return text, id_

    def after_number(self, list_: str) -> int | None:
        """Return the number that the previous page of a list sorted by it ended with, or None."""
        text = self.after_text(list_)
        if text is None:
            return None
        number = to_count(text)
        if number is None:
            raise invalid_cursor()
        return number

    def page(
        self,
        list_: str,
        rows: list[RowT],
        *,
        moment: Callable[[RowT], datetime] | None = None,
        text: Callable[[RowT], str] | None = None,
    ) -> "Page[RowT]":
        """Return a page of the rows; one row more than it holds means that another page follows."""
        if len(rows) <= self.take:
            return Page(items=rows)
        last = rows[self.take - 1]
        place = moment(last).isoformat() if moment else text(last) if text else ""
        position = f"{last.id} {place}"
        token = base64.urlsafe_b64encode(_list_prefix(list_) + position.encode())
        return Page(items=rows[: self.take], nextCursor=token.decode().rstrip("="))

    def _position(self, list_: str) -> tuple[str, str] | None:
        """Return the cursor's id and its moment or text, or None without a cursor."""
        if self.cursor is None:
            return None
        try:
            decoded = base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4))
            id_, _, moment = decoded[_PREFIX_BYTES:].decode().partition(" ")
        except (ValueError, binascii.Error):
            raise invalid_cursor() from None
        if decoded[:_PREFIX_BYTES] != _list_prefix(list_) or not is_uuid(id_):
            raise invalid_cursor()
        return id_, moment


def invalid_cursor() -> Problem:
    return Problem(422, "invalid_cursor", "The cursor does not come from this list.")


def _list_prefix(list_: str) -> bytes:
    # It only tells lists apart; what a page may show is decided by the list's query.
    return hashlib.sha256(list_.encode()).digest()[:_PREFIX_BYTES]


# A query model costs FastAPI less than a dependency.
Pagination = Annotated[PageRequest, Query()]
