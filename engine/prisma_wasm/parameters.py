"""Arguments in the forms that PostgreSQL's types ask for.

PostgreSQL says of every prepared statement which types its parameters have, and the driver takes
exactly the Python types that belong to them. Callers are less exact: an ISO date as text, a number
as text, an int for a float. Each type here has a function that makes what the driver wants of what
may come; values that are right already pass through.
"""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any, Final, cast
from uuid import UUID

from prisma_wasm.conversions import plain_decimal
from prisma_wasm.driver import BitString, ParameterType
from prisma_wasm.moments import INFINITY, NEGATIVE_INFINITY, as_utc, without_zone
from prisma_wasm.serializers import PLAIN, JsonText, is_base64, is_json

# Types from here on are a database's own: enums, domains, those of extensions.
FIRST_OWN_TYPE: Final = 16_384
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", re.ASCII)

Encode = Callable[[Any], Any]


class ArgumentError(ValueError):
    """An argument has no form of its parameter's type that is known here."""

    def __init__(self, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.position = position


def encoders(types: Iterable[ParameterType]) -> list[Encode | None]:
    """For each parameter's type what to do with its argument; None where there is nothing to do."""
    return [_encoder(kind.name, kind.kind) for kind in types]


def encode(functions: list[Encode | None], args: list[Any]) -> list[Any]:
    """The arguments in their final forms."""
    encoded: list[Any] = []
    try:
        for function, value in zip(functions, args, strict=True):
            encoded.append(value if value is None or function is None else function(value))
    except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
        position = len(encoded)
        raise ArgumentError(f"${position + 1}: {error}", position) from error
    return encoded


def text_for_server(value: Any) -> tuple[str, Any]:
    """A value as text or a list of texts, with that type's name, for PostgreSQL to read."""
    if isinstance(value, list | tuple | set):
        items = cast("list[Any]", value)
        return "text[]", [None if item is None else to_text(item) for item in items]
    return "text", to_text(value)


def _encoder(name: str, kind: str) -> Encode | None:
    if kind == "array" or name.endswith("[]"):
        return _array(_encoder(name.removesuffix("[]"), "scalar"))
    if kind == "enum":
        return to_text
    return _ENCODERS.get(name)


def _array(element: Encode | None) -> Encode:
    def array(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("["):
            value = json.loads(value)
        items = cast("list[Any]", value if isinstance(value, list | tuple | set) else [value])
        if element is None:
            return list(items)
        return [
            None if item is None else array(item) if isinstance(item, list) else element(item)
            for item in items
        ]

    return array


def to_text(value: Any) -> str:
    """What JavaScript Object Notation would have in quotes, or its own text for the rest."""
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return as_utc(value).isoformat()
    if isinstance(value, dict | list) or is_json(value):
        return to_json(value)
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return str(value)


def to_int(value: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, bool):
        return int(value)
    number = Decimal(str(value))
    if number != number.to_integral_value():
        raise ArgumentError(f"not a whole number: {value!r}")
    return int(number)


def _within(low: int, high: int) -> Encode:
    """Whole numbers that fit: the driver's own refusal of others comes too late to be mended."""

    def within(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        number = to_int(value)
        if not low <= number <= high:
            raise ArgumentError(f"out of range: {number}")
        return number

    return within


def to_float(value: Any) -> float:
    return value if type(value) is float else float(value)


def to_decimal(value: Any) -> Decimal:
    if type(value) is Decimal:
        return value
    # A whole float is sent without its zero: as text it is `5`, as in the original engine.
    return plain_decimal(Decimal(repr(value))) if type(value) is float else Decimal(str(value))


def to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
    found = known.get(str(value).lower())
    if found is None:
        raise ArgumentError(f"not a truth value: {value!r}")
    return found


def to_timestamptz(value: Any) -> datetime:
    """A moment; without a zone it is taken as UTC."""
    if isinstance(value, datetime):
        return as_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    text = str(value)
    if text.lower() in ("infinity", "-infinity"):
        return NEGATIVE_INFINITY if text[0] == "-" else INFINITY
    return as_utc(datetime.fromisoformat(text))


def to_timestamp(value: Any) -> datetime:
    return without_zone(to_timestamptz(value))


def to_date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    moment = to_timestamptz(value)
    return moment.date()


def to_time(value: Any) -> time:
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    if isinstance(value, str) and value[2:3] == ":":
        return time.fromisoformat(value).replace(tzinfo=None)
    return to_timestamptz(value).time()


def to_timetz(value: Any) -> time:
    if isinstance(value, time):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, str) and value[2:3] == ":":
        return to_timetz(time.fromisoformat(value))
    return to_timestamptz(value).timetz()


def interval_text(value: Any) -> str:
    """An interval for PostgreSQL to read: the driver itself knows no months and no words."""
    if isinstance(value, timedelta):
        return f"{value.days} days {value.seconds}.{value.microseconds:06} seconds"
    return str(value)


def to_json(value: Any) -> str:
    if is_json(value):
        return PLAIN.dumps(value.data)
    if isinstance(value, list) and all(type(item) is JsonText for item in cast("list[Any]", value)):
        # A list of documents is compared as one document.
        return f"[{','.join(cast('list[str]', value))}]"
    return value if isinstance(value, str) else PLAIN.dumps(value)


def to_bytes(value: Any) -> bytes:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(cast("bytes", value))
    if is_base64(value):
        return value.decode()
    text = str(value)
    return binascii.unhexlify(text[2:]) if text.startswith("\\x") else text.encode()


def to_bits(value: Any) -> Any:
    return value if isinstance(value, BitString) else BitString(str(value))


def to_uuid(value: Any) -> Any:
    if isinstance(value, UUID):
        return value
    text = str(value)
    if not _UUID.fullmatch(text):
        raise ArgumentError(f"not a UUID: {text!r}")
    return text


def to_inet(value: Any) -> Any:
    """An address, alone or with the length of its network."""
    text = to_text(value)
    return ip_interface(text) if "/" in text else ip_address(text)


def to_cidr(value: Any) -> Any:
    return ip_network(to_text(value))


_ENCODERS: Final[dict[str, Encode]] = {
    "text": to_text,
    "varchar": to_text,
    "bpchar": to_text,
    "name": to_text,
    "citext": to_text,
    "xml": to_text,
    "money": to_text,
    "unknown": to_text,
    "int2": _within(-(2**15), 2**15 - 1),
    "int4": _within(-(2**31), 2**31 - 1),
    "int8": _within(-(2**63), 2**63 - 1),
    "oid": _within(0, 2**32 - 1),
    "float4": to_float,
    "float8": to_float,
    "numeric": to_decimal,
    "bool": to_bool,
    "timestamptz": to_timestamptz,
    "timestamp": to_timestamp,
    "date": to_date,
    "time": to_time,
    "timetz": to_timetz,
    "json": to_json,
    "jsonb": to_json,
    "bytea": to_bytes,
    "bit": to_bits,
    "varbit": to_bits,
    "uuid": to_uuid,
    "inet": to_inet,
    "cidr": to_cidr,
    "macaddr": to_text,
    "tsvector": to_text,
    "tsquery": to_text,
}
