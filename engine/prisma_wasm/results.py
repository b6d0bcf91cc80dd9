"""Rows of the driver that are not yet right: single-precision numbers and money.

asyncpg widens a `real` to a Python float bit by bit, so that 0.1 becomes 0.10000000149011612. What
was meant is the shortest number that is the same in single precision, as PostgreSQL prints it.
Money comes as the text that the server's locale makes of it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final, cast

from prisma_wasm.driver import Column

Mend = Callable[[list[Any]], list[Any]]

_SINGLE: Final = struct.Struct("f")
_CENTS: Final = re.compile(r"[.,](\d{2})\D*$")
_DIGITS: Final = range(6, 10)


def mender(columns: Iterable[Column]) -> Mend | None:
    """What to do with the rows of a statement; None if they are right as they are."""
    mends = [
        (column.name, _MENDS[column.type.name]) for column in columns if column.type.name in _MENDS
    ]
    if not mends:
        return None

    def mend(rows: list[Any]) -> list[Any]:
        mended: list[Any] = []
        for row in rows:
            record = dict(row.items())
            for name, change in mends:
                record[name] = change(record[name])
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


def amount(value: Any) -> Any:
    """The number in a text of money, such as `-$1,234.50`; of a list, of each."""
    if isinstance(value, list):
        return [amount(item) for item in cast("list[Any]", value)]
    if not isinstance(value, str):
        return value
    digits = "".join(character for character in value if character.isdecimal())
    found = _CENTS.search(value)
    number = Decimal(digits).scaleb(-len(found[1]) if found else 0)
    return -number if "-" in value or "(" in value else number


_MENDS: Final[dict[str, Callable[[Any], Any]]] = {
    "float4": shortest,
    "float4[]": shortest,
    "money": amount,
    "money[]": amount,
}
