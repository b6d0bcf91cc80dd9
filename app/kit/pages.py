"""Lists in pages: `take` and `cursor` in, `items` and `nextCursor` out."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Annotated, Generic, Protocol, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from app.problems import Problem

MOST = 100
_MARK = 8


class Identified(Protocol):
    """A row that a page may end with."""

    @property
    def id(self) -> str: ...


ItemT = TypeVar("ItemT")
RowT = TypeVar("RowT", bound=Identified)


class Page(BaseModel, Generic[ItemT]):
    items: list[ItemT]
    nextCursor: str | None = None


class Pages:
    """Which part of a list is asked for."""

    def __init__(self, take: int, cursor: str | None) -> None:
        self.take = take
        self.cursor = cursor

    def after(self, list_: str) -> str | None:
        """The id of the row that the page before ended with; `list_` names the list."""
        if self.cursor is None:
            return None
        try:
            decoded = base64.urlsafe_b64decode(self.cursor + "=" * (-len(self.cursor) % 4))
            mark, id_ = decoded[:_MARK], decoded[_MARK:].decode("ascii")
        except (ValueError, binascii.Error):
            raise invalid_cursor() from None
        if mark != _mark_of(list_) or not id_ or not id_.isprintable():
            raise invalid_cursor()
        return id_

    def page(self, list_: str, rows: Sequence[RowT]) -> tuple[Sequence[RowT], str | None]:
        """The rows of this page out of one more, and the cursor of the next."""
        if len(rows) <= self.take:
            return rows, None
        shown = rows[: self.take]
        token = _mark_of(list_) + shown[-1].id.encode("ascii")
        return shown, base64.urlsafe_b64encode(token).decode().rstrip("=")


def invalid_cursor() -> Problem:
    return Problem(422, "invalid_cursor", "The cursor is not one that this list gave.")


def _mark_of(list_: str) -> bytes:
    # It only has to tell lists apart; what a cursor may show is for the list's query to say.
    return hashlib.sha256(list_.encode()).digest()[:_MARK]


def _pages(
    take: Annotated[int, Query(ge=1, le=MOST, description="How many items.")] = 20,
    cursor: Annotated[
        str | None, Query(max_length=200, description="The nextCursor of the page before.")
    ] = None,
) -> Pages:
    return Pages(take, cursor)


PagesOf = Annotated[Pages, Depends(_pages)]
