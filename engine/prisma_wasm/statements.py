"""The prepared statements that one connection keeps, bounded in number and in text."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from prisma_wasm.driver import RawStatement
from prisma_wasm.parameters import Encode
from prisma_wasm.results import Mend

# A statement's text and description take memory here and on the server.
_TEXT_LIMIT: Final = 2 * 2**20


class Prepared(NamedTuple):
    """A statement on one connection, how its arguments are encoded, and its rows mended."""

    statement: RawStatement
    encoders: list[Encode | None]
    mend: Mend | None
    is_plain: bool  # a query, which changes nothing of the connection itself


class Statements:
    """Statements by their text; of too many, those go that were not used for longest."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: OrderedDict[str, Prepared] = OrderedDict()
        self._text_size = 0

    def find(self, sql: str) -> Prepared | None:
        prepared = self._kept.get(sql)
        if prepared is not None and len(self._kept) >= self.size:
            self._kept.move_to_end(sql)
        return prepared

    def keep(self, sql: str, prepared: Prepared) -> None:
        self._kept[sql] = prepared
        self._text_size += len(sql)
        while len(self._kept) > self.size or (
            self._text_size > _TEXT_LIMIT and len(self._kept) > 1
        ):
            dropped, _prepared = self._kept.popitem(last=False)
            self._text_size -= len(dropped)

    def drop(self, sql: str) -> None:
        if self._kept.pop(sql, None) is not None:
            self._text_size -= len(sql)

    def clear(self) -> None:
        self._kept.clear()
        self._text_size = 0
