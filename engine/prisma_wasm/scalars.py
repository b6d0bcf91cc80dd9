"""Values of Prisma's scalar types: what a caller may pass, and the one form that it is lifted in.

A lifted value is what the driver wants to see: text, int, float, bool, Decimal, bytes, an aware
datetime in UTC, JSON as text, an enum's name in the database. What fits no slot of its type stays
in the shape as a literal, and the compiler says what is wrong with it.
"""

from __future__ import annotations

import base64
import binascii
import decimal
import json
import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any, Final, cast

from prisma_wasm.moments import INFINITY, as_utc
from prisma_wasm.serializers import PLAIN, JsonText, Serializers, is_base64
from prisma_wasm.shape import (
    DB_NULL,
    FALSE,
    JSON_NUMBER_STAND,
    JSON_TEXT_STAND,
    LIST,
    TRUE,
    Literal,
    Slot,
)


class Values(list[Any]):
    """The values lifted out of a query, in the order of its slots."""

    __slots__ = ("has_literals", "serializers")

    def __init__(self, serializers: Serializers = PLAIN) -> None:
        super().__init__()
        self.has_literals = False
        self.serializers = serializers


Lift = Callable[[Values, Any], Any]
"""Puts a value (or the values in it) aside and answers with its shape."""

_INT_LIMIT: Final = 2**31
_BIGINT_LIMIT: Final = 2**63
_RFC_3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|z|[+-]\d\d:\d\d)", re.ASCII
)
_BIGINT: Final = re.compile(r"-?\d{1,19}", re.ASCII)


class NotOfTypeError(ValueError):
    """The value has no form of this type."""


def is_unicode(text: str) -> bool:
    """Whether it can be sent: a str may hold halves of characters."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_datetime(text: str) -> datetime:
    """A moment in RFC 3339."""
    if not _RFC_3339.fullmatch(text):
        raise NotOfTypeError(text)
    try:
        return as_utc(datetime.fromisoformat(text.upper()))
    except ValueError as error:
        raise NotOfTypeError(text) from error


def literal(values: Values, value: Any) -> Any:
    """Leave a value in the shape as it would be in JSON."""
    if value is None:
        return None
    values.has_literals = True
    serializers = values.serializers
    return Literal(json.loads(serializers.dumps(_tagged(value, serializers))))


def _tagged(value: Any, serializers: Serializers) -> Any:
    """The value with dates, decimals and JSON as the protocol has them."""
    value = serializers.replace(value)
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {str(key): _tagged(item, serializers) for key, item in items}
    if isinstance(value, list | tuple | set):
        return [_tagged(item, serializers) for item in cast("Iterable[Any]", value)]
    if isinstance(value, datetime):
        return {"$type": "DateTime", "value": as_utc(value).isoformat()}
    if isinstance(value, decimal.Decimal):
        return {"$type": "Decimal", "value": str(value)}
    if type(value) is JsonText:
        return {"$type": "Json", "value": value}
    if is_base64(value):
        return {"$type": "Bytes", "value": str(value)}
    return value


# Each converter answers with the lifted form or raises NotOfTypeError.


def to_string(value: Any) -> str:
    if type(value) is str:
        return value
    if not isinstance(value, str):
        raise NotOfTypeError(value)
    return str.__str__(value)


def to_int(value: Any) -> int:
    number = value if type(value) is int else to_whole(value)
    if not -_INT_LIMIT <= number < _INT_LIMIT:
        raise NotOfTypeError(value)
    return number


def to_bigint(value: Any) -> int:
    is_text = isinstance(value, str) and _BIGINT.fullmatch(value)
    number = int(value) if is_text else to_whole(value)
    if not -_BIGINT_LIMIT <= number < _BIGINT_LIMIT:
        raise NotOfTypeError(value)
    return number


def to_whole(value: Any) -> int:
    """Return an int, also for a subclass such as IntEnum, but not for a truth value."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotOfTypeError(value)
    return int(value)


def to_float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotOfTypeError(value)
    return float(value)


def to_decimal(value: Any) -> decimal.Decimal:
    if isinstance(value, decimal.Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotOfTypeError(value)
    try:
        return decimal.Decimal(number_text(value))
    except decimal.InvalidOperation as error:
        raise NotOfTypeError(value) from error


def number_text(value: str | float) -> str:
    """Return a number or a text as JSON writes it, whatever its class makes of `str`."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__repr__(value) if isinstance(value, int) else float.__repr__(value)


def to_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise NotOfTypeError(value)
    return value


def to_datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return as_utc(value)
    if isinstance(value, str):
        return parse_datetime(value)
    if isinstance(value, date):
        raise TypeError(f"Type {type(value)} not serializable")
    raise NotOfTypeError(value)


def to_json(value: Any) -> JsonText:
    if type(value) is JsonText:
        return value
    if not isinstance(value, str):
        raise NotOfTypeError(value)
    try:
        json.loads(value)
    except ValueError as error:
        raise NotOfTypeError(value) from error
    return JsonText(value)


def to_bytes(value: Any) -> bytes:
    if is_base64(value):
        value = str(value)
    if not isinstance(value, str):
        raise NotOfTypeError(value)
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise NotOfTypeError(value) from error


_CONVERTERS: Final[dict[str, tuple[Slot, Callable[[Any], Any]]]] = {
    "String": (Slot(type="String"), to_string),
    "Int": (Slot(type="Int"), to_int),
    "BigInt": (Slot(type="BigInt"), to_bigint),
    "Float": (Slot(type="Float"), to_float),
    "Decimal": (Slot(type="Float"), to_decimal),
    "Boolean": (Slot(type="Boolean"), to_boolean),
    "DateTime": (Slot(type="DateTime"), to_datetime),
    "Json": (Slot(type="Json"), to_json),
    "Bytes": (Slot(type="Bytes"), to_bytes),
}
# Of these types the client knows objects; an application may have registered its own serializer.
_OF_OBJECTS: Final = frozenset({"Decimal", "DateTime", "Json", "Bytes"})
_MICROSECONDS: Final = 6
_ENUM_SLOT: Final = Slot(type="Enum")


class Scalar:
    """How values of one scalar or enum type are lifted."""

    def __init__(
        self,
        name: str,
        enum: dict[str, str] | None = None,
        precision: int = _MICROSECONDS,
    ) -> None:
        self.name = name
        self._is_of_objects = name in _OF_OBJECTS and enum is None
        if enum is not None:
            self._slot, self._convert = _ENUM_SLOT, _enum_converter(enum)
        else:
            self._slot, self._convert = _CONVERTERS[name]
            if name == "DateTime" and precision < _MICROSECONDS:
                self._convert = _datetime_converter(precision)
        self._list_slot = self._slot.list_of()
        self._empty_list = (LIST,)

    def one(self, values: Values, value: Any) -> Any:
        """Lift a single value, or null."""
        if value is None:
            return None
        if self._is_of_objects:
            value = values.serializers.replace(value)
        try:
            converted = self._convert(value)
        except NotOfTypeError:
            replaced = values.serializers.replace(value)
            if type(replaced) is type(value):
                return literal(values, value)
            return self.one(values, replaced)
        values.append(converted)
        return self._slot

    def many(self, values: Values, value: Any) -> Any:
        """Lift a list as one value; an empty one and one with nulls in it are structure."""
        if not isinstance(value, list | tuple | set):
            return self.one(values, value)
        items = list(cast("Iterable[Any]", value))
        if not items:
            return self._empty_list
        if any(item is None for item in items):
            return self.each(values, items)
        if self._is_of_objects:
            items = [values.serializers.replace(item) for item in items]
        try:
            converted = [self._convert(item) for item in items]
        except NotOfTypeError:
            replaced = [values.serializers.replace(item) for item in items]
            if all(new is old for new, old in zip(replaced, items, strict=True)):
                return literal(values, items)
            return self.many(values, replaced)
        values.append(converted)
        return self._list_slot

    def whole(self, values: Values, value: Any) -> Any:
        """Lift a list that is written, even an empty one."""
        if isinstance(value, list | tuple | set) and not value:
            values.append([])
            return self._list_slot
        return self.many(values, value)

    def each(self, values: Values, value: Any) -> Any:
        """Lift the elements of a list one by one: the compiler knows how many there are."""
        if not isinstance(value, list | tuple | set):
            return self.one(values, value)
        return (LIST, *(self.one(values, item) for item in cast("Iterable[Any]", value)))

    def json_or_null(self, values: Values, value: Any) -> Any:
        """Lift a value of a Json field, where None is SQL's NULL and `Json(None)` JSON's null."""
        return DB_NULL if value is None else self.one(values, value)


def json_order(values: Values, value: Any) -> Any:
    """Lift what a Json field is compared with by order: a number or a text, which are structure."""
    try:
        text = to_json(values.serializers.replace(value))
    except NotOfTypeError:
        return literal(values, value)
    document = json.loads(text)
    if isinstance(document, str):
        values.append(text)
        return JSON_TEXT_STAND
    if isinstance(document, int | float) and not isinstance(document, bool):
        values.append(text)
        return JSON_NUMBER_STAND
    return literal(values, value)


def truth(values: Values, value: Any) -> Any:
    """A truth value that belongs to the structure of a query."""
    if value is True:
        return TRUE
    if value is False:
        return FALSE
    return literal(values, value)


def _datetime_converter(precision: int) -> Callable[[Any], datetime]:
    """Dates cut to what their column keeps, so that a value written is found by the same value."""
    unit = 10 ** (_MICROSECONDS - precision)

    def convert(value: Any) -> datetime:
        moment = to_datetime(value)
        if moment == INFINITY:
            return moment
        return moment.replace(microsecond=moment.microsecond // unit * unit)

    return convert


def _enum_converter(enum: dict[str, str]) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if not isinstance(value, str):
            raise NotOfTypeError(value)
        found = enum.get(str.__str__(value))
        if found is None:
            raise NotOfTypeError(value)
        return found

    return convert
