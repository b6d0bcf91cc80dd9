"""Rows of the driver that are not yet right: single-precision numbers.

asyncpg widens a `real` to a Python float bit by bit, so that 0.1 becomes 0.10000000149011612. What
was meant is the shortest number that is the same in single precision, as PostgreSQL prints it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from prisma_wasm.driver import Column

Mend = Callable[[list[Any]], list[Any]]

_SINGLE: Final = struct.Struct("f")
_DIGITS: Final = range(6, 10)


def mender(columns: Iterable[Column]) -> Mend | None:
    """What to do with the rows of a statement; None if they are right as they are."""
    single = [column.name for column in columns if column.type.name in ("float4", "float4[]")]
    if not single:
        return None

    def mend(rows: list[Any]) -> list[Any]:
        mended: list[Any] = []
        for row in rows:
            record = dict(row.items())
            for name in single:
                record[name] = shortest(record[name])
            mended.append(record)
        return mended

    return mend


def shortest(value: Any) -> Any:
    """The shortest number that is the same in single precision; of a list, of each."""
    if isinstance(value, list):
        return [shortest(item) for item in cast("list[Any]", value)]
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return value
    for digits in _DIGITS:
        candidate = float(f"{value:.{digits}g}")
        try:
            if _SINGLE.unpack(_SINGLE.pack(candidate))[0] == value:
                return candidate
        except OverflowError:
            continue
    return value
