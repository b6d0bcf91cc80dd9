"""What is done to a node's value, without a step of its own: each a function of the run and it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from prisma_wasm.errors import QueryError
from prisma_wasm.execute import memory
from prisma_wasm.execute.run import Run
from prisma_wasm.execute.values import Scope
from prisma_wasm.mapping import Context, compile_mapping
from prisma_wasm.plan import DataMapArgs, Node, PrismaValue

Change = Callable[[Run, Any], Any]


def data_map(args: DataMapArgs, scope: Scope) -> Change:
    mapping = compile_mapping(args["structure"], Context(args["enums"], as_text=scope.as_text))
    return lambda _run, value: mapping(value)


def map_field(field: str) -> Change:
    return lambda _run, value: memory.map_field(value, field)


def unique(_run: Run, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    rows = cast("list[Any]", value)
    if len(rows) > 1:
        raise QueryError("P2023", f"Expected zero or one element, got {len(rows)}")
    return rows[0] if rows else None


def unique_for_each(_run: Run, value: Any) -> Any:
    """The one record, or all of them where each belongs to another record."""
    if not isinstance(value, list):
        return value
    rows = cast("list[Any]", value)
    return rows if len(rows) > 1 else unique(_run, rows)


def is_for_several(node: Node) -> bool:
    """Whether a query looks for the records that belong to any of several others.

    Without foreign keys the compiler reads the records that refer to those which are updated or
    deleted, by a list of keys. Where each of these has one at the most, it says that there is one
    at the most in all: that is a flaw of its plans.
    """
    return node["type"] == "query" and any(map(_is_list_of_keys, node["args"]["args"]))


def _is_list_of_keys(value: PrismaValue) -> bool:
    """Whether it is what `mapField` made of records, by the name that the compiler gives that."""
    match value:
        case {"prisma__type": "param", "prisma__value": {"name": str(name)}}:
            return "$" in name
        case _:
            return False


def backwards(_run: Run, value: Any) -> Any:
    return cast("list[Any]", value)[::-1] if isinstance(value, list) else value


def required(_run: Run, value: Any) -> Any:
    if memory.is_empty(value):
        raise QueryError("P2025", "Required value is empty")
    return value


def checked(validate: Callable[[Any], None]) -> Change:
    def check(_run: Run, value: Any) -> Any:
        validate(value)
        return value

    return check
