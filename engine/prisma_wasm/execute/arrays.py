"""Inserting very many rows with the same columns: as arrays, one for each column.

The server takes them apart. One statement takes thousands of rows, is the same for every number of
them, and has a parameter for each column instead of one for each value. COPY would be little
faster, and knows neither row-level security nor ON CONFLICT.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from prisma_wasm.execute.run import Session

HOLE: Final = "\0"  # stands for a parameter; no SQL can hold it
WORTH_IT: Final = 200  # rows
_STEP: Final = 10_000

# An array of a domain is one of its base type: the column's own checks come with the insertion.
_TYPES: Final = """
SELECT a.attname::text,
       pg_catalog.format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END, -1)
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
"""


async def column_types(table: str, holders: dict[str, str], session: Session) -> list[str] | None:
    """The types of the columns' parameters, as the server has them; None if one is an array.

    `holders` are the columns' expressions. A schema may call a column by another type than it has.
    """
    if not all(
        holder == HOLE or holder.startswith(f"CAST({HOLE}::text ") for holder in holders.values()
    ):
        return None
    known = {row[0]: row[1] for row in await session.fetch(_TYPES, [table])}
    types: list[str] = []
    for column, holder in holders.items():
        type_ = known.get(column[1:-1].replace('""', '"'))
        if type_ is None or type_.endswith("[]"):
            return None
        types.append(type_ if holder == HOLE else "text")
    return types


def statement(before: str, holders: dict[str, str], types: list[str], after: str) -> str:
    """The insertion of any number of rows."""
    names = [f"c{number}" for number in range(1, len(types) + 1)]
    values = (
        holder.replace(HOLE, name) for holder, name in zip(holders.values(), names, strict=True)
    )
    arrays = (f"${number}::{type_}[]" for number, type_ in enumerate(types, 1))
    return (
        f"{before} ({','.join(holders)}) SELECT {','.join(values)}"  # noqa: S608  # the plan's own text
        f" FROM unnest({','.join(arrays)}) AS new({','.join(names)}){after}"
    )


def columns(rows: Sequence[list[Any]]) -> Iterator[list[Any]]:
    """The arguments of each statement: its rows' columns."""
    for start in range(0, len(rows), _STEP):
        yield [list(column) for column in zip(*rows[start : start + _STEP], strict=True)]
