"""The prepared statements that one connection keeps, bounded in number and in text."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import Final, NamedTuple

from prisma_wasm.driver import INTERNAL_ERROR, Execute, RawConnection, RawStatement
from prisma_wasm.parameters import Encode, interval_text
from prisma_wasm.results import Mend

# A statement's text and description take memory here and on the server.
_TEXT_LIMIT: Final = 2 * 2**20
_TRIES: Final = 3
_names: Final = itertools.count(1)


class Prepared(NamedTuple):
    """A statement on one connection, how its arguments are encoded, and its rows mended."""

    statement: RawStatement
    execute: Execute
    encoders: list[Encode | None]
    mend: Mend | None
    is_plain: bool  # a query, which changes nothing of the connection itself


async def prepare(connection: RawConnection, sql: str, *, named: bool) -> RawStatement:
    """Have the server prepare a statement, by a name of its own or by none."""
    for _ in range(_TRIES - 1):
        try:
            return await connection.prepare(sql, name=_name(named=named))
        except INTERNAL_ERROR:
            # One of its types was dropped before the driver could ask what it is.
            if connection.is_closed():
                raise
    return await connection.prepare(sql, name=_name(named=named))


def _name(*, named: bool) -> str:
    return f"prisma_{next(_names)}" if named else ""


async def learn_intervals(connection: RawConnection) -> None:
    """Have the driver take and give intervals as text from here on."""
    await connection.set_type_codec(
        "interval", schema="pg_catalog", encoder=interval_text, decoder=str, format="text"
    )


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
