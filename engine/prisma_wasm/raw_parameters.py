"""Parameters of raw queries: their values, and the types that they are declared with.

The original engine got raw parameters as JSON and declared each one to PostgreSQL by what JSON made
of its value: int8, numeric, text, bool, jsonb, or an array of these. So `$1` means the same
wherever it stands, and `$1 + 1` is a sum of numbers. The same types are declared here. Where
PostgreSQL refuses a statement for its types, the original's answer was that error; here the
statement is prepared again with fewer types declared, and PostgreSQL infers the others.
"""

from __future__ import annotations

import base64
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, cast

from prisma_wasm.errors import QueryError
from prisma_wasm.moments import as_utc
from prisma_wasm.serializers import JsonText, Serializers, is_base64

# PostgreSQL's numbers of its types, which never change.
UNDECLARED: Final = 0
BOOL: Final = 16
BYTEA: Final = 17
INT8: Final = 20
INT4: Final = 23
TEXT: Final = 25
FLOAT8: Final = 701
TIMESTAMPTZ: Final = 1184
NUMERIC: Final = 1700
JSONB: Final = 3802
INT4_ARRAY: Final = 1007
TEXT_ARRAY: Final = 1009
_ARRAYS: Final = {
    BOOL: 1000,
    BYTEA: 1001,
    INT8: 1016,
    TEXT: TEXT_ARRAY,
    FLOAT8: 1022,
    TIMESTAMPTZ: 1185,
    NUMERIC: 1231,
    JSONB: 3807,
}
_TEXTS: Final = frozenset({TEXT, TEXT_ARRAY})
_INT8_LIMIT: Final = 2**63
_REMEMBERED: Final = 500
_REMEMBERED_TEXT: Final = 2**20
_LONGEST: Final = 2**16
_MOST: Final = 2**16 - 1  # parameters of a statement, for PostgreSQL

Types = tuple[int, ...]
"""The declared type of each parameter; none at all is the empty tuple."""


class Parameters(NamedTuple):
    """The parameters of one raw query."""

    values: list[Any]
    types: Types


def parameters(values: Iterable[Any], serializers: Serializers) -> Parameters:
    """Return what a caller passed, with the types to declare.

    Raise TypeError for a value that the client's serializer does not know.
    """
    pairs = [_parameter(value, serializers) for value in values]
    given = [value for _, value in pairs]
    if len(given) > _MOST:
        return Parameters(given, ())  # refused when it is prepared or run
    return Parameters(given, _types(type_ for type_, _ in pairs))


def _types(types: Iterable[int]) -> Types:
    found = tuple(types)
    return found if any(found) else ()


def _parameter(value: Any, serializers: Serializers) -> tuple[int, Any]:
    if value is None:
        return UNDECLARED, None
    if isinstance(value, bool):
        return BOOL, value
    if isinstance(value, str):
        return TEXT, str.__str__(value)
    if isinstance(value, int):
        number = int(value)
        is_int8 = -_INT8_LIMIT <= number < _INT8_LIMIT
        return (INT8 if is_int8 else NUMERIC), number
    if isinstance(value, float):
        return (NUMERIC if math.isfinite(value) else FLOAT8), float(value)
    if isinstance(value, list | tuple):
        return _array(cast("Iterable[Any]", value), serializers)
    if isinstance(value, dict):
        return _object(cast("dict[Any, Any]", value), serializers)
    return _other(value, serializers)


def _other(value: Any, serializers: Serializers) -> tuple[int, Any]:
    """A value that JSON lacks; those of the client's own types are texts in JSON."""
    replaced = serializers.replace(value)
    if replaced is not value:
        return _parameter(replaced, serializers)
    if not isinstance(value, datetime | Decimal) and not is_base64(value):
        serializers.dumps(value)  # raises TypeError in the client's words
    return TEXT, value


def _array(items: Iterable[Any], serializers: Serializers) -> tuple[int, list[Any]]:
    """A list, declared if all its items are of one type."""
    values = list(items)
    type_ = _common_type(values)
    if type_ is not None:
        return _ARRAYS[type_], values
    pairs = [_parameter(item, serializers) for item in values]
    values = [value for _, value in pairs]
    types = {type_ for type_, _ in pairs}
    if len(types) != 1:
        return UNDECLARED, values
    if all(value is None for value in values):
        return INT4_ARRAY, values
    return _ARRAYS.get(types.pop(), UNDECLARED), values


def _common_type(items: list[Any]) -> int | None:
    """Return the type of items that are taken as they are, found without a look at each."""
    classes = set(map(type, items))
    if len(classes) != 1:
        return None
    (class_,) = classes
    if class_ is int:
        is_int8 = min(items) >= -_INT8_LIMIT and max(items) < _INT8_LIMIT
        return INT8 if is_int8 else None
    if class_ is float:
        return NUMERIC if all(map(math.isfinite, items)) else None
    return TEXT if class_ is str else BOOL if class_ is bool else None


def _object(value: dict[Any, Any], serializers: Serializers) -> tuple[int, Any]:
    """A document, or a value with its type: Prisma's JSON writes those JSON has no type for so."""
    tag = value.get("prisma__type")
    read = _TAGGED.get(tag) if isinstance(tag, str) else None
    if read is None:
        return JSONB, JsonText(serializers.dumps(value))
    type_, convert = read
    try:
        return type_, convert(value["prisma__value"])
    except (ArithmeticError, KeyError, TypeError, ValueError) as error:
        raise QueryError(
            "P2009",
            f"Failed to validate the query: `Not a value of type {tag}: {value!r}`",
            {"query_validation_error": str(error), "query_position": ""},
        ) from error


def _int8(text: str) -> int:
    number = int(text)
    if not -_INT8_LIMIT <= number < _INT8_LIMIT:
        raise ValueError(f"out of range: {text}")
    return number


def _moment(text: str) -> datetime:
    return as_utc(datetime.fromisoformat(text))


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_TAGGED: Final[dict[str, tuple[int, Callable[[str], Any]]]] = {
    "bigint": (INT8, _int8),
    "decimal": (NUMERIC, Decimal),
    "date": (TIMESTAMPTZ, _moment),
    "bytes": (BYTEA, _bytes),
}


def attempts(types: Types) -> list[Types]:
    """The types to prepare a statement with, one after the other, until PostgreSQL takes it.

    First all of them, as the original engine. Then texts are left to be inferred, as those in
    quotes are: for columns of dates, UUIDs and enums. Then everything is inferred. At last numbers
    are int4, for a function of int4 beside one of any type.
    """
    without_texts = _types(UNDECLARED if type_ in _TEXTS else type_ for type_ in types)
    small = tuple(INT4 if type_ == INT8 else type_ for type_ in without_texts)
    return list(dict.fromkeys((types, without_texts, (), *([small] if INT4 in small else []))))


def misread(types: Types, inferred: Sequence[int]) -> list[int]:
    """Return the positions of numbers, documents and the like that PostgreSQL inferred as texts.

    It does so where several types would fit, as in `GREATEST($1, $2)`, and where functions of texts
    and of int4 have one name, as in `substring('abc', $1)`.
    """
    return [
        position
        for position, (type_, found) in enumerate(zip(types, inferred, strict=False))
        if type_ != UNDECLARED and type_ not in _TEXTS and found in _TEXTS
    ]


def replaced(types: Types, position: int, type_: int) -> Types:
    """Return the types with another one at this position."""
    return (*types[:position], type_, *types[position + 1 :])


class Accepted:
    """Which types PostgreSQL took for the statements of one database, bounded in number and text.

    So that what it refused is not tried again on each connection.
    """

    def __init__(self) -> None:
        self._types: OrderedDict[tuple[str, Types], Types] = OrderedDict()
        self.text_size = 0

    def __len__(self) -> int:
        return len(self._types)

    def find(self, sql: str, types: Types) -> Types | None:
        """Return the types that were taken last time, or None."""
        return self._types.get((sql, types))

    def filled(self, sql: str, values: Sequence[Any], types: Types) -> Types:
        """Return the types with those of the statement's last parameters in the places of None."""
        latest = self._types.get((sql, ()))
        if not latest or len(latest) != len(types):
            return types
        return tuple(
            known if value is None else type_
            for value, type_, known in zip(values, types, latest, strict=True)
        )

    def latest(self, sql: str) -> Types | None:
        """Return the types of the last parameters; none at all if they may not be filled in."""
        return self._types.get((sql, ()))

    def note_latest(self, sql: str, types: Types) -> None:
        """Remember the types of a statement's parameters, for when some of them are None."""
        if self.latest(sql) != ():
            self.note(sql, (), types)

    def never_fill(self, sql: str) -> None:
        """Leave the places of None as they are: a type there changes the other types."""
        self.note(sql, (), ())

    def note(self, sql: str, types: Types, accepted: Types) -> None:
        """Remember the types that were taken; those used last come last."""
        self.forget(sql, types)
        if len(sql) > _LONGEST:
            return
        self._types[sql, types] = accepted
        self.text_size += len(sql)
        while len(self._types) > _REMEMBERED or self.text_size > _REMEMBERED_TEXT:
            (dropped, _), _ = self._types.popitem(last=False)
            self.text_size -= len(dropped)

    def forget(self, sql: str, types: Types) -> None:
        """Forget what was taken: the tables have changed."""
        if self._types.pop((sql, types), None) is not None:
            self.text_size -= len(sql)
