"""Values of the database in the forms that the client's models and callers are given.

A value comes from a column as the driver decodes it, or out of a document of JSON in which
PostgreSQL put related records together. Both forms lead to the same answer: text, int, float, bool,
aware datetimes in UTC, decimals without trailing zeros, JSON as text, bytes in base 64.
"""

from __future__ import annotations

import base64
import binascii
import decimal
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final, cast

from prisma_wasm.errors import QueryError
from prisma_wasm.moments import INFINITY, NEGATIVE_INFINITY, as_utc
from prisma_wasm.serializers import PLAIN

Convert = Callable[[Any], Any]

_EPOCH: Final = date(1970, 1, 1)
_INFINITIES: Final = {"infinity": INFINITY, "-infinity": NEGATIVE_INFINITY}
# A text in a document, or blanks between its parts.
_JSON_TOKENS: Final = re.compile(r'("(?:[^"\\]|\\.)*+")|[ \t\r\n]+')
# Enough digits for any numeric of PostgreSQL.
_EXACT: Final = decimal.Context(prec=150_000, Emax=999_999, Emin=-999_999)


def to_text(value: Any) -> Any:
    if value is None or type(value) is str:
        return value
    as_string = getattr(value, "as_string", None)  # asyncpg's BitString
    return str(value) if as_string is None else as_string().replace(" ", "")


def to_int(value: Any) -> Any:
    return value if value is None or type(value) is int else int(value)


def to_float(value: Any) -> Any:
    return value if value is None or type(value) is float else float(value)


def to_decimal(value: Any) -> Any:
    if value is None:
        return None
    number = value if type(value) is Decimal else Decimal(str(value))
    return number if not number.is_finite() else plain_decimal(number)


def plain_decimal(number: Decimal) -> Decimal:
    """The number without trailing zeros and without an exponent."""
    exponent = number.as_tuple().exponent
    if exponent == 0:
        return number
    if isinstance(exponent, int) and exponent < 0 and number.as_tuple().digits[-1] != 0:
        return number
    number = number.normalize(_EXACT)
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        number = number.quantize(Decimal(1), context=_EXACT)
    return number


def to_datetime(value: Any) -> Any:
    if type(value) is datetime:
        return as_utc(value)
    if type(value) is str and value[10:11] == "T":
        return as_utc(datetime.fromisoformat(value))
    return None if value is None else to_moment(value)


def to_moment(value: Any) -> datetime:
    """A moment in UTC, of a timestamp, a date (its first moment) or a time (on 1970-01-01)."""
    if isinstance(value, datetime):
        return as_utc(value)
    if isinstance(value, str):
        return _moment_of_text(value)
    if isinstance(value, date):
        if value == date.max:
            return INFINITY
        if value == date.min:
            return NEGATIVE_INFINITY
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, time):
        # A time's own offset is dropped, as the original engine does.
        return datetime.combine(_EPOCH, value.replace(tzinfo=None), UTC)
    raise QueryError("P2023", f"Inconsistent column data: not a date: {value!r}")


def _moment_of_text(text: str) -> datetime:
    """A date as PostgreSQL writes it in JSON."""
    if text[10:11] == "T":
        return as_utc(datetime.fromisoformat(text))
    infinite = _INFINITIES.get(text)
    if infinite is not None:
        return infinite
    if text[2:3] == ":":
        return to_moment(time.fromisoformat(text))
    if len(text) == len("2000-01-01"):
        return to_moment(date.fromisoformat(text))
    return as_utc(datetime.fromisoformat(text))


def to_json(value: Any) -> Any:
    return value if value is None or type(value) is str else PLAIN.dumps(value)


def json_of_parsed(value: Any) -> Any:
    """JSON that stood inside a document: as text again."""
    return None if value is None else PLAIN.dumps(_with_floats(value))


def _with_floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _with_floats(item) for key, item in items}
    if isinstance(value, list):
        return [_with_floats(item) for item in cast("list[Any]", value)]
    return value


def to_bytes(value: Any) -> Any:
    if value is None:
        return None
    if type(value) is str:
        value = binascii.unhexlify(value.removeprefix("\\x"))
    return base64.b64encode(value).decode()


def as_is(value: Any) -> Any:
    return value


def enum_converter(names: dict[str, str], enum: str) -> Convert:
    def convert(value: Any) -> Any:
        if value is None:
            return None
        found = names.get(value)
        if found is None:
            raise QueryError(
                "P2023", f"Inconsistent column data: Value '{value}' not found in enum '{enum}'"
            )
        return found

    return convert


CONVERTERS: Final[dict[str, Convert]] = {
    "string": to_text,
    "int": to_int,
    "bigint": to_int,
    "float": to_float,
    "boolean": as_is,
    "json": to_json,
    "object": json_of_parsed,
    "datetime": to_datetime,
    "decimal": to_decimal,
    "bytes": to_bytes,
    "unsupported": as_is,
}


def decimal_text(value: Any) -> Any:
    return None if value is None else str(to_decimal(value))


def moment_text(value: Any) -> Any:
    """A moment as the original engine writes it, but with its microseconds where it has some."""
    if value is None:
        return None
    moment = to_moment(value)
    timespec = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def bigint_text(value: Any) -> Any:
    return None if value is None else str(to_int(value))


def compact_json(value: Any) -> Any:
    """A document as the original engine writes it: PostgreSQL's text without its blanks."""
    text = to_json(value)
    return None if text is None else _JSON_TOKENS.sub(lambda token: token[1] or "", text)


TEXT_CONVERTERS: Final = CONVERTERS | {
    "json": compact_json,
    "bigint": bigint_text,
    "decimal": decimal_text,
    "datetime": moment_text,
}
