"""Texts and JSON values that PostgreSQL can store: it has no NUL, no half character, no NaN."""

import json
import math

from pydantic import JsonValue

_REPLACEMENT = "\ufffd"


def is_storable(value: JsonValue) -> bool:
    """Return whether a column of type jsonb can store a value."""
    match value:
        case str():
            return value == replace_unstorable(value)
        case float():
            return math.isfinite(value)
        case list():
            return all(map(is_storable, value))
        case dict():
            return all(is_storable(name) and is_storable(each) for name, each in value.items())
        case _:
            return True


def replace_unstorable(text: str) -> str:
    """Return a text with a replacement character for each NUL and each half of a character."""
    if text.isascii():
        return text.replace("\0", _REPLACEMENT)
    encoded = text.replace("\0", _REPLACEMENT).encode("utf-16-le", "surrogatepass")
    return encoded.decode("utf-16-le", "replace")


def json_size(value: JsonValue) -> int:
    """Return the length of a value as compact JSON, in bytes of UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
