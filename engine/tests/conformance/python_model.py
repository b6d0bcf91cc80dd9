"""What queries mean, in plain Python: records are dicts, queries are what the client takes."""

import math
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any, cast

from hypothesis import strategies as st

_WORDS = ["", "a", "A", "ab", "Ba", "b", "ü", "%", "a_b"]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "string": st.none() | st.sampled_from(_WORDS),
            "int": st.none() | st.integers(-3, 3),
            "float": st.none() | st.sampled_from([-1.5, 0.0, 0.5, 2.0]),
            "bool": st.none() | st.booleans(),
        }
    ),
    max_size=12,
)
_NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-3, 3),
    "float": st.sampled_from([-1.5, 0.0, 0.5, 2.0]),
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda stored, value: stored == value,
    "not": lambda stored, value: stored != value,
    "lt": lambda stored, value: stored < value,
    "lte": lambda stored, value: stored <= value,
    "gt": lambda stored, value: stored > value,
    "gte": lambda stored, value: stored >= value,
    "in": lambda stored, value: stored in value,
    "not_in": lambda stored, value: stored not in value,
    "startswith": lambda stored, value: stored.startswith(value),
    "endswith": lambda stored, value: stored.endswith(value),
    "contains": lambda stored, value: value in stored,
}


def _compares(field: str, operation: str, one: Any, many: list[Any]) -> dict[str, Any]:
    return {field: {operation: many if operation in ("in", "not_in") else one}}


def _is_null(field: str, negated: bool) -> dict[str, Any]:
    return {field: {"not": None} if negated else None}


def _is(field: str, value: Any) -> dict[str, Any]:
    return {field: value}


def _conditions() -> st.SearchStrategy[dict[str, Any]]:
    orders = st.sampled_from(["equals", "not", "lt", "lte", "gt", "gte", "in", "not_in"])
    parts = st.sampled_from(["equals", "not", "startswith", "endswith", "contains"])
    # Without the wildcards, which LIKE would read.
    words = st.sampled_from([word for word in _WORDS if not set(word) & {"%", "_"}])
    fields = st.sampled_from(["string", "int", "float", "bool"])
    numbers = [
        st.builds(_compares, st.just(field), orders, values, st.lists(values, max_size=3))
        for field, values in _NUMBERS.items()
    ]
    return st.one_of(
        *numbers,
        st.builds(_compares, st.just("string"), parts, words, st.just([])),
        st.builds(_is_null, fields, st.booleans()),
        st.builds(_is, st.just("bool"), st.booleans()),
    )


def _combined(word: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {word: parts}


WHERE: st.SearchStrategy[dict[str, Any]] = st.recursive(
    _conditions(),
    lambda inner: st.builds(
        _combined,
        st.sampled_from(["AND", "OR", "NOT"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


def holds(row: dict[str, Any], where: dict[str, Any]) -> bool | None:
    """Three-valued, as in SQL: None is unknown."""
    return _all(_one(row, name, condition) for name, condition in where.items())


def _all(truths: Any) -> bool | None:
    answers = list(truths)
    return False if False in answers else None if None in answers else True


def _one(row: dict[str, Any], name: str, condition: Any) -> bool | None:
    match name:
        case "AND":
            return _all(holds(row, part) for part in condition)
        case "OR":
            answers = [holds(row, part) for part in condition]
            return True if True in answers else None if None in answers else False
        case "NOT":
            answers = [holds(row, part) for part in condition]
            return _all(None if answer is None else not answer for answer in answers)
        case _:
            return _compared(row[name], condition)


def _compared(stored: Any, condition: Any) -> bool | None:
    if condition is None:
        return stored is None
    if not isinstance(condition, dict):
        return None if stored is None else stored == condition
    ((operation, value),) = cast("dict[str, Any]", condition).items()
    if value is None:
        return stored is not None
    if operation == "in" and not value:
        return False
    if operation == "not_in" and not value:
        return True
    return None if stored is None else _COMPARE[operation](stored, value)


ORDERS = st.lists(
    st.tuples(st.sampled_from(["int", "float", "bool"]), st.sampled_from(["asc", "desc"])),
    max_size=3,
    unique_by=lambda entry: entry[0],
).map(lambda entries: [{field: way} for field, way in entries] + [{"id": "asc"}])


def ordered(rows: list[dict[str, Any]], order: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The rows in that order, NULLs after all others."""

    def compare(left: dict[str, Any], right: dict[str, Any]) -> int:
        for entry in order:
            ((field, way),) = entry.items()
            one, other = (math.inf if row[field] is None else row[field] for row in (left, right))
            if one != other:
                return (-1 if one < other else 1) * (1 if way == "asc" else -1)
        return 0

    return sorted(rows, key=cmp_to_key(compare))


def page(
    rows: list[dict[str, Any]], cursor: int | None, skip: int, take: int | None
) -> list[dict[str, Any]]:
    """A part of ordered rows; a negative number takes from the end."""
    backwards = take is not None and take < 0
    if backwards:
        rows = [*reversed(rows)]
    if cursor is not None:
        place = next((n for n, row in enumerate(rows) if row["id"] == cursor), None)
        rows = [] if place is None else rows[place:]
    rows = rows[skip:]
    if take is not None:
        rows = rows[: abs(take)]
    return rows[::-1] if backwards else rows
