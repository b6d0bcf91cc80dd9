"""The records that every run starts from, written through the original engine's client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from .calls import Call
from .schema import Field, Model, models
from .values import ROWS, WORDS, JsonValue, Values

_SEED: Final = 2021
_LINKS: Final = (("Post", "categories", 14), ("User", "friends", 10))
FIRST_DAY: Final = datetime(2021, 1, 1, tzinfo=UTC)


def calls() -> Iterator[Call]:
    """What fills an empty database."""
    values = Values(Random(_SEED))  # noqa: S311 - no secret
    for name, count in ROWS.items():
        model = models()[name]
        yield Call(name, "create_many", {"data": list(_rows(model, count, values))})
    for name, relation, count in _LINKS:
        for _ in range(count):
            source, target = values.random.randint(1, 6), values.random.randint(1, 6)
            data = {relation: {"connect": [{"id": target}]}}
            yield Call(name, "update", {"where": {"id": source}, "data": data})
    stamps = {"updatedAt": FIRST_DAY + timedelta(days=400)}
    yield Call("User", "update_many", {"where": {}, "data": stamps})


def _rows(model: Model, count: int, values: Values) -> Iterator[dict[str, Any]]:
    """Rows that break no unique constraint, so that ids have no gaps."""
    keys = [(item.name,) for item in model.fields.values() if item.is_id or item.is_unique]
    keys += [key.fields for key in model.keys]
    taken: set[tuple[object, ...]] = set()
    for number in range(1, count + 1):
        row: dict[str, Any] = {}
        while not row or not taken.isdisjoint(_taken_by(row, keys)):
            row = _row(model, number, values)
        taken |= _taken_by(row, keys)
        yield row


def _taken_by(row: dict[str, Any], keys: list[tuple[str, ...]]) -> set[tuple[object, ...]]:
    return {(key, *(row[name] for name in key)) for key in keys if key[0] in row}


def _row(model: Model, number: int, values: Values) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in model.scalars:
        if field.is_id and field.type == "Int":
            continue
        if field.type == "Json" and field.is_optional and values.chance(0.3):
            # Both of JSON's nulls: the column's own by leaving it out.
            if values.chance(0.5):
                row[field.name] = JsonValue(None)
            continue
        if field.is_optional and values.chance(0.25):
            continue
        row[field.name] = (
            values.list_of(field) if field.is_list else _value(model, field, number, values)
        )
    if model.name == "User":
        row |= {"token": f"token-{number}", "createdAt": FIRST_DAY + timedelta(days=number)}
    return row


def _value(model: Model, field: Field, number: int, values: Values) -> Any:
    if field.is_id and model.name == "Group":
        return WORDS[number - 1]
    if model.name == "Membership" and field.name in model.id_fields:
        # Users 1 to 4 in three groups each: what notes can belong to.
        return 1 + (number - 1) // 3 if field.name == "userId" else WORDS[(number - 1) % 3]
    if field.name in model.key_columns and field.type == "Int":
        # Only records that are there already: at most four of any model.
        return number if field.is_unique else values.random.randint(1, min(4, max(1, number - 1)))
    if field.name == "groupKey":
        return values.pick(WORDS[:3])
    if field.name == "email":
        return f"user{number}@example.com"
    return values.of(field)
