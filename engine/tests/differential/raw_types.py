"""The types that the native engine 5.17 declared raw parameters with.

The engine's WASM build leaves parameters to a driver that declares no types; the native engine
declared each one by what JSON made of its value. This is its rule, for the oracle to send. It is
written for these tests alone; the product's own rule has no part in it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from .shapes import is_dict, is_list

_UNDECLARED: Final = 0
_INT4_ARRAY: Final = 1007
_ARRAYS: Final = {16: 1000, 17: 1001, 20: 1016, 25: 1009, 1184: 1185, 1700: 1231, 3802: 3807}
_TAGS: Final = {"date": 1184, "bigint": 20, "decimal": 1700, "bytes": 17}
_INT8: Final = range(-(2**63), 2**63)


def declared_types(query: dict[str, Any]) -> list[dict[str, Any]]:
    """The raw statements of a request in the JSON protocol, in order, with their types."""
    parts = query.get("batch", [query])
    return [_statement(part["query"]["arguments"]) for part in parts if "Raw" in part["action"]]


def _statement(arguments: dict[str, Any]) -> dict[str, Any]:
    parameters = json.loads(arguments["parameters"])
    return {"sql": arguments["query"], "types": [_type(value) for value in parameters]}


def _type(value: Any) -> int:
    if value is None:
        return _UNDECLARED
    if isinstance(value, bool):
        return 16
    if isinstance(value, int) and value in _INT8:
        return 20
    if isinstance(value, int | float):
        return 1700
    if isinstance(value, str):
        return 25
    if is_list(value):
        return _array(value)
    assert is_dict(value)
    return _TAGS.get(value.get("prisma__type", ""), 3802)


def _array(items: list[Any]) -> int:
    # A null is an `Int32` without a value to the engine, unlike every value that JSON can give.
    types = {_INT4_ARRAY if item is None else _type(item) for item in items}
    if len(types) != 1:
        return _UNDECLARED
    (only,) = types
    return only if only == _INT4_ARRAY else _ARRAYS.get(only, _UNDECLARED)
