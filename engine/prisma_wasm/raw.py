"""Raw queries: what the caller wrote, with its results in the types that Prisma tells of.

The generated client makes Python values of `{columns, types, rows}`; the values here are those that
the original engine sends, so that both give the same.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any, Final

from prisma_wasm import exact
from prisma_wasm.conversions import plain_decimal, to_moment, to_text
from prisma_wasm.driver import Column, ParameterType
from prisma_wasm.errors import QueryError
from prisma_wasm.parameters import FIRST_OWN_TYPE
from prisma_wasm.results import amount, shortest

_EXACT: Final = "exact"
_TYPES: Final = {
    "int2": "int",
    "int4": "int",
    "int8": "bigint",
    "oid": "bigint",
    "float4": "float",
    "float8": "double",
    "numeric": "decimal",
    "money": "decimal",
    "text": "string",
    "varchar": "string",
    "bpchar": "string",
    "name": "string",
    "xml": "string",
    "bit": "string",
    "varbit": "string",
    "inet": "string",
    "cidr": "string",
    "char": "char",
    "bytea": "bytes",
    "bool": "bool",
    "json": "json",
    "jsonb": "json",
    "uuid": "uuid",
    "timestamp": "datetime",
    "timestamptz": "datetime",
    "date": "date",
    "time": "time",
    "timetz": "time",
    "regclass": "string",
    "regtype": "string",
    "regnamespace": "string",
    "unknown": "string",
    "void": "string",
}


def answer(columns: list[Column], rows: list[Any]) -> dict[str, Any]:
    """A result as the original engine tells of it."""
    kinds = [_kind(column.type) for column in columns]
    if exact.is_wanted():
        # A type that the client knows nothing of, and leaves as it is.
        kinds = [kind.replace("decimal", _EXACT) for kind in kinds]
    converts = [
        _array(_scalar(kind.removesuffix("-array"))) if kind.endswith("-array") else _scalar(kind)
        for kind in kinds
    ]
    return {
        "columns": [column.name for column in columns],
        "types": kinds,
        "rows": [
            [
                None if value is None else convert(value)
                for value, convert in zip(row, converts, strict=True)
            ]
            for row in rows
        ],
    }


def _kind(kind: ParameterType) -> str:
    name = kind.name.removesuffix("[]").strip('"').lstrip("_")
    is_array = kind.kind == "array" or kind.name.endswith("[]")
    if kind.kind == "enum":
        return "enum"
    known = _TYPES.get(name)
    if known is None:
        if kind.oid < FIRST_OWN_TYPE:
            raise _unknown_type(name)
        known = "string"
    return f"{known}-array" if is_array else known


def _unknown_type(name: str) -> QueryError:
    message = (
        f"Failed to deserialize column of type '{name}'. If you're using $queryRaw and this column"
        " is explicitly marked as `Unsupported` in your Prisma schema, try casting this column to"
        " any supported Prisma type such as `String`."
    )
    return QueryError(
        "P2010",
        f"Raw query failed. Code: `N/A`. Message: `{message}`",
        {"code": "N/A", "message": message},
    )


def _array(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def array(values: Any) -> Any:
        return [
            array(value) if isinstance(value, list) else None if value is None else convert(value)
            for value in values
        ]

    return array


def _scalar(kind: str) -> Callable[[Any], Any]:
    return _CONVERTERS.get(kind, _text)


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return to_text(value)


def _decimal(value: Any) -> Decimal:
    number = value if isinstance(value, Decimal) else amount(value)
    return plain_decimal(number) if number.is_finite() else number


def _datetime(value: Any) -> str:
    moment = to_moment(value)
    return moment.isoformat(timespec=_digits(moment.microsecond))


def _digits(microsecond: int) -> str:
    """As many digits of a second as it needs, by threes: so the original engine writes it."""
    return "auto" if microsecond == 0 or microsecond % 1000 else "milliseconds"


def _date(value: date) -> str:
    return value.isoformat()


def _time(value: time) -> str:
    return value.replace(tzinfo=None).isoformat(timespec=_digits(value.microsecond))


def _same(value: Any) -> Any:
    return value


_CONVERTERS: Final[dict[str, Callable[[Any], Any]]] = {
    "int": _same,
    "bigint": str,
    "float": shortest,
    "double": _same,
    "bool": _same,
    "decimal": lambda value: str(_decimal(value)),
    _EXACT: _decimal,
    "bytes": lambda value: base64.b64encode(value).decode(),
    "json": json.loads,
    "uuid": str,
    "datetime": _datetime,
    "date": _date,
    "time": _time,
}
