"""Which queries load their relations by queries of their own, not by joins.

Joins are faster, but the compiler makes wrong SQL of some: it orders included records by the count
of a relation through columns that it has not selected, and it deletes a record that it has read
with its relations by column names which that reading has replaced.
"""

from __future__ import annotations

from typing import Any, cast


def needs_queries(action: str, selection: dict[str, Any]) -> bool:
    """Whether this query must not be made with joins."""
    nested = _nested(selection)
    if action == "deleteOne":
        return bool(nested)
    return any(_orders_by_count(item) or needs_queries("", item["selection"]) for item in nested)


def _nested(selection: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        cast("dict[str, Any]", item)
        for item in selection.values()
        if isinstance(item, dict) and "selection" in item
    ]


def _orders_by_count(nested: dict[str, Any]) -> bool:
    order: Any = nested["arguments"].get("orderBy", ())
    keys = cast("list[Any]", order) if isinstance(order, list) else [order]
    return any(_has_count(key) for key in keys)


def _has_count(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    items = cast("dict[str, Any]", value)
    return "_count" in items or any(_has_count(item) for item in items.values())
