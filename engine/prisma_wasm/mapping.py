"""Rows into nested dicts: the answer's structure, made into functions once per plan."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, cast

from prisma_wasm.conversions import CONVERTERS, TEXT_CONVERTERS, Convert, enum_converter
from prisma_wasm.plan import FieldStructure, ObjectStructure, Structure, unknown

try:
    from pydantic_core import from_json
except ImportError:  # pydantic 1 has no parser of its own
    from_json = json.loads


class Context:
    """What a mapping is made with: the enums of the schema, and the form of numbers and dates.

    Models are made of Python's own; where the caller gets the answer as it is (`group_by`), dates,
    decimals and large integers are the texts that the original engine's JSON has.
    """

    def __init__(self, enums: dict[str, dict[str, str]], *, as_text: bool) -> None:
        self.enums = enums
        self.converters = TEXT_CONVERTERS if as_text else CONVERTERS
        self.tests = {} if as_text else _TESTS


# What is true of a value that needs no conversion; most values of most columns.
_TESTS: Final = {
    "string": "value.__class__ is str or value is None",
    "int": "value.__class__ is int or value is None",
    "bigint": "value.__class__ is int or value is None",
    "float": "value.__class__ is float or value is None",
    "datetime": "value.__class__ is datetime and value.tzinfo is UTC",
}


def compile_mapping(structure: Structure, context: Context) -> Convert:
    """How to make an answer of a plan's data."""
    match structure["type"]:
        case "affectedRows":
            return lambda data: {"count": data}
        case "object":
            return _object(structure, context)
        case "field":
            return _field(structure, context)
        case _:
            raise unknown("a structure", structure)


def _object(structure: ObjectStructure, context: Context) -> Convert:
    one = _record(structure, context)
    parse = _exact_json if _has_decimals(structure) else _fast_json
    skips_nulls = structure["skipNulls"]

    def convert(data: Any) -> Any:
        if isinstance(data, str):
            data = parse(data)
        if data is None:
            return None
        if isinstance(data, list):
            rows = cast("list[Any]", data)
            if skips_nulls:
                return [one(row) for row in rows if row is not None]
            return [None if row is None else one(row) for row in rows]
        return one(data)

    return convert


def _exact_json(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def _fast_json(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:  # halves of surrogate pairs, and what is nested very deep
        return json.loads(text)


def _has_decimals(structure: Structure) -> bool:
    match structure["type"]:
        case "object":
            return any(_has_decimals(field) for field in structure["fields"].values())
        case "field":
            return structure["fieldType"]["type"] == "decimal"
        case _:
            return False


def _record(structure: ObjectStructure, context: Context) -> Convert:
    """How to make one record of one row: a function written for this structure.

    Every value of every row passes through here. A test that stands in the function costs a
    quarter of what a call does that finds nothing to do.
    """
    names: dict[str, Any] = {"datetime": datetime, "UTC": UTC}
    items: list[str] = []
    of_row: list[str] = []
    for name, node in structure["fields"].items():
        convert = f"convert_{len(names)}"
        match node["type"]:
            case "field":
                function = _field(node, context)
                items.append(f"{name!r}: {_item(node, context, convert)}")
            case "object":
                function = _object(node, context)
                column = node["serializedName"]
                if column is None:
                    of_row.append(f"{name!r}: {convert}(row)")
                else:
                    items.append(f"{name!r}: {convert}(row[{column!r}])")
            case _:
                raise unknown("a structure", node)
        names[convert] = function
    source = f"lambda row: {{{', '.join(items + of_row)}}}"
    return cast("Convert", eval(source, names))  # noqa: S307  # of names alone, as literals


def _item(structure: FieldStructure, context: Context, convert: str) -> str:
    """The expression of one value of a record."""
    value = f"row[{structure['dbName']!r}]"
    field_type = structure["fieldType"]
    if field_type["arity"] == "list":
        return f"{convert}({value})"
    if field_type["type"] == "boolean":
        return value
    test = context.tests.get(field_type["type"])
    if test is None:
        return f"{convert}({value})"
    return f"value if {test.replace('value', f'(value := {value})', 1)} else {convert}(value)"


def _field(structure: FieldStructure, context: Context) -> Convert:
    field_type = structure["fieldType"]
    scalar = _scalar(field_type, context)
    if field_type["arity"] == "list":
        return lambda value: [] if value is None else [scalar(item) for item in value]
    return scalar


def _scalar(field_type: dict[str, Any], context: Context) -> Convert:
    kind = field_type["type"]
    if kind == "enum":
        return enum_converter(context.enums.get(field_type["name"], {}), field_type["name"])
    convert = context.converters.get(kind)
    if convert is None:
        raise unknown("a type of field", field_type)
    return convert
