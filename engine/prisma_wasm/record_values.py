"""Values of records that are no models: what a type may declare for a field, and how it gets it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, cast, get_args, get_origin

from prisma_wasm.declarations import Declaration, is_record_type
from prisma_wasm.schema import Field

Convert = Callable[[Any], Any]

_ANYTHING: Final = (Any, object)
_CLASSES: Final[dict[str, type[Any]]] = {
    "String": str,
    "Int": int,
    "BigInt": int,
    "Float": float,
    "Boolean": bool,
    "Decimal": Decimal,
    "DateTime": datetime,
}


def conversion(
    declared: Declaration, field: Field, types: Mapping[str, type[Any]], *, is_checked: bool
) -> Convert | None:
    """How a value of the engine becomes what was declared; None if it is that already.

    `types` are the client's own: `Base64` and its enums. With `is_checked` the declaration
    must fit the field.
    """
    members = declared.members
    if field.is_list:
        lists = [member for member in members if get_origin(member) is list]
        members = (
            Declaration(declared.owner, "", get_args(lists[0])[0], True).members
            if lists
            else members
        )
        if is_checked and not lists and not _is_anything(members):
            raise _misfit(declared, field, types)
    elif is_checked and not field.is_required and not _takes_none(members):
        raise _misfit(declared, field, types)
    if is_checked and not _fits(members, field, types):
        raise _misfit(declared, field, types)
    parses_json = declared.parses_json and not is_checked
    convert = _of_one(members, field, types, is_checked=is_checked, parses_json=parses_json)
    if convert is None:
        return None
    if field.is_list:
        return lambda values: [convert(value) for value in values]
    return lambda value: None if value is None else convert(value)


def related_type(declared: Declaration, field: Field) -> type[Any]:
    """The type of the records of a relation."""
    members = declared.members
    if field.is_list:
        members = [get_args(member)[0] for member in members if get_origin(member) is list]
    found = [member for member in members if is_record_type(member)]
    if len(found) != 1:
        wanted = "list[...] of a" if field.is_list else "a"
        raise TypeError(
            f"{declared.place} is a relation to {field.type}: it must be {wanted} TypedDict or"
            f" pydantic model, not {_shown(declared.annotation)}."
        )
    if not field.is_list and not field.is_required and type(None) not in declared.members:
        raise TypeError(
            f"{declared.place} must be `{found[0].__name__} | None`: there may be no {field.type}."
        )
    return cast("type[Any]", found[0])


def _of_one(
    members: list[Any],
    field: Field,
    types: Mapping[str, type[Any]],
    *,
    is_checked: bool,
    parses_json: bool,
) -> Convert | None:
    match field.type:
        case "Json":
            return None if parses_json else json.loads
        case "Bytes":
            if bytes in members:
                return base64.b64decode
            return types["Base64"].fromb64 if is_checked and not _is_anything(members) else None
        case enum if is_checked and enum in types and types[enum] in members:
            return types[enum]
        case _:
            return None


def _fits(members: list[Any], field: Field, types: Mapping[str, type[Any]]) -> bool:
    if field.type == "Json" or _is_anything(members):
        return True
    return any(class_ in members for class_ in _accepted(field, types))


def _accepted(field: Field, types: Mapping[str, type[Any]]) -> tuple[type[Any], ...]:
    """The classes that may be declared for a value of the field."""
    if field.type == "Bytes":
        return types["Base64"], bytes
    if field.type in types:
        return types[field.type], str
    return (_CLASSES.get(field.type, object),)


def _is_anything(members: list[Any]) -> bool:
    return any(member in _ANYTHING for member in members)


def _takes_none(members: list[Any]) -> bool:
    return type(None) in members or _is_anything(members)


def _misfit(declared: Declaration, field: Field, types: Mapping[str, type[Any]]) -> TypeError:
    classes = [class_.__name__ for class_ in _accepted(field, types)]
    if field.is_list:
        wanted = [f"list[{name}]" for name in classes]
    else:
        wanted = [name if field.is_required else f"{name} | None" for name in classes]
    return TypeError(
        f"{declared.place} is declared as {_shown(declared.annotation)}, but the schema says"
        f" {field.type}{'[]' if field.is_list else '' if field.is_required else '?'}: declare it"
        f" as {' or '.join(wanted)}."
    )


def _shown(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)
