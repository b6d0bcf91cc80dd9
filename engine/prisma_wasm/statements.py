"""The prepared statements that one connection keeps, bounded in number and in text."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from prisma_wasm.asyncpg_internals import unsupported
from prisma_wasm.driver import INTERNAL_ERROR, Answer, Execute, RawConnection, RawStatement
from prisma_wasm.parameters import Encode, interval_text
from prisma_wasm.raw_parameters import Types
from prisma_wasm.results import Mend
from prisma_wasm.wire import Declaration, Wire

# A statement's text and description take memory here and on the server.
_TEXT_LIMIT: Final = 2 * 2**20
_TRIES: Final = 3
_names: Final = itertools.count(1)


Key = str | tuple[str, Types]
"""What a statement is known by: its text, and the types of its parameters if some are declared."""


def key_of(sql: str, types: Types) -> Key:
    """Return what a statement is known by."""
    return (sql, types) if types else sql


class Prepared(NamedTuple):
    """A statement on one connection, how its arguments are encoded, and its rows mended."""

    key: Key
    statement: RawStatement
    execute: Execute
    encoders: list[Encode | None]
    mend: Mend | None
    is_plain: bool  # a query, which changes nothing of the connection itself


async def prepare_declared(
    connection: RawConnection, wire: Wire, sql: str, types: Types, *, named: bool
) -> RawStatement:
    """Have the server prepare a statement whose parameters have these types, where not 0."""
    if not types:
        return await prepare(connection, sql, named=named)
    wire.declaration = Declaration(sql, types)
    try:
        statement = await prepare(connection, sql, named=named)
    finally:
        wire.declaration = None
    taken = [kind.oid for kind in statement.get_parameters()]
    if any(oid not in (0, found) for oid, found in zip(types, taken, strict=False)):
        raise unsupported("it asks for statements to be prepared by another message")
    return statement


def declaring(execute: Execute, wire: Wire, sql: str, types: Types) -> Execute:
    """What runs a statement without a name, whose text the driver may send again."""
    declaration = Declaration(sql, types)

    async def run(values: Sequence[Any]) -> Answer:
        wire.declaration = declaration
        try:
            return await execute(values)
        finally:
            wire.declaration = None

    return run


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
        self._kept: OrderedDict[Key, Prepared] = OrderedDict()
        self._text_size = 0

    def find(self, key: Key) -> Prepared | None:
        prepared = self._kept.get(key)
        if prepared is not None and len(self._kept) >= self.size:
            self._kept.move_to_end(key)
        return prepared

    def keep(self, key: Key, prepared: Prepared) -> None:
        self.drop(key)
        self._kept[key] = prepared
        self._text_size += _text_size(key)
        while len(self._kept) > self.size or (
            self._text_size > _TEXT_LIMIT and len(self._kept) > 1
        ):
            dropped, _prepared = self._kept.popitem(last=False)
            self._text_size -= _text_size(dropped)

    def drop(self, key: Key) -> None:
        if self._kept.pop(key, None) is not None:
            self._text_size -= _text_size(key)

    def clear(self) -> None:
        self._kept.clear()
        self._text_size = 0


def _text_size(key: Key) -> int:
    return len(key) if isinstance(key, str) else len(key[0])
