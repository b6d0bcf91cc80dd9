"""What stands where in a query's arguments: the inputs of every action, as functions that lift.

Built from the schema on demand, one small table for each kind of input of each model. A table maps
the names that may stand there to the function that lifts what stands behind the name. What a table
does not know is left in the shape as a literal, for the compiler to refuse in its own words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from prisma_wasm.scalars import Lift, Scalar, Values, json_order, literal, truth
from prisma_wasm.schema import SCALARS, Field, Model, Schema
from prisma_wasm.serializers import PLAIN, Serializers
from prisma_wasm.shape import LIST, OBJECT
from prisma_wasm.tables import (
    LISTS,
    Table,
    count,
    each_once,
    one_of,
    one_or_many,
    path,
    words,
)

_AGGREGATES: Final = ("_count", "_avg", "_sum", "_min", "_max")


class Inputs:
    """The inputs of every model of a schema."""

    def __init__(self, schema: Schema, serializers: Serializers = PLAIN) -> None:
        self._schema = schema
        self.serializers = serializers
        self._tables: dict[tuple[str, str], Table] = {}
        self._scalars = {name: Scalar(name) for name in SCALARS}
        self._scalars |= {name: Scalar(name, values) for name, values in schema.enums.items()}
        self._dates: dict[int, Scalar] = {}

    def arguments(self, model: str) -> Table:
        """The arguments of every action of a model."""
        table = self._tables.get(("arguments", model))
        return table or self._table("arguments", model, self._argument)

    def where(self, model: str) -> Table:
        return self._table("where", model, self._where)

    def where_unique(self, model: str) -> Table:
        return self._table("where_unique", model, self._where_unique)

    def data(self, model: str) -> Table:
        return self._table("data", model, self._data)

    def _scalar(self, field: Field) -> Scalar | None:
        """How values of a field are lifted; None if it is a relation or unsupported."""
        if field.type != "DateTime":
            return self._scalars.get(field.type)
        scalar = self._dates.get(field.precision)
        if scalar is None:
            scalar = Scalar("DateTime", precision=field.precision)
            self._dates[field.precision] = scalar
        return scalar

    def _table(self, kind: str, model: str, make: Callable[[Model, str], Lift | None]) -> Table:
        table = self._tables.get((kind, model))
        if table is None:
            found = self._schema.models[model]
            table = self._tables[kind, model] = Table(make=lambda name: make(found, name))
        return table

    def _argument(self, model: Model, name: str) -> Lift | None:
        match name:
            case "where":
                # Whether unique or not, its compound keys have names that no field has.
                return one_of(self.where_unique(model.name))
            case "data":
                return one_or_many(one_of(self.data(model.name)))
            case "create" | "update":
                return one_of(self.data(model.name))
            case "take" | "skip":
                return count
            case "cursor":
                return one_of(self.where_unique(model.name))
            case "orderBy":
                return _orders
            case "distinct" | "by" | "relationLoadStrategy":
                return words
            case "skipDuplicates":
                return truth
            case "having":
                return one_of(self._table("having", model.name, self._having))
            case _:
                return None

    # Filters

    def _where(self, model: Model, name: str) -> Lift | None:
        if name in ("AND", "OR", "NOT"):
            return one_or_many(one_of(self.where(model.name)))
        field = model.fields.get(name)
        if field is None:
            return None
        if field.type in self._schema.models:
            return self._relation_filter(field)
        return self._scalar_filter(field)

    def _where_unique(self, model: Model, name: str) -> Lift | None:
        fields = model.unique_keys.get(name)
        if fields is None or name in model.fields:
            return self._where(model, name)
        parts = {part: self._scalar(model.fields[part]) for part in fields}
        return one_of({part: scalar.one for part, scalar in parts.items() if scalar is not None})

    def _relation_filter(self, field: Field) -> Lift:
        where = one_of(self.where(field.type))
        if field.is_list:
            return one_of({"some": where, "every": where, "none": where})
        related = self._schema.models[field.type]
        table = Table({"is": where, "isNot": where}, lambda name: self._where(related, name))
        return one_of(table)

    def _scalar_filter(self, field: Field) -> Lift | None:
        scalar = self._scalar(field)
        if scalar is None:
            return None
        if field.is_list:
            return one_of(_list_filter(scalar))
        if field.type == "Json":
            return _json_filter(scalar, self._scalars["String"])
        return _comparison(scalar)

    def _having(self, model: Model, name: str) -> Lift | None:
        if name in ("AND", "OR", "NOT"):
            return one_or_many(one_of(self._table("having", model.name, self._having)))
        field = model.fields.get(name)
        scalar = self._scalar(field) if field else None
        if field is None or scalar is None:
            return None
        table = Table(_comparison_table(scalar))
        for aggregate in _AGGREGATES:
            table[aggregate] = _comparison(self._aggregated(aggregate, field, scalar))
        lift = table["not"] = one_of(table, scalar.one)
        return lift

    def _aggregated(self, aggregate: str, field: Field, scalar: Scalar) -> Scalar:
        if aggregate == "_count":
            return self._scalars["Int"]
        if aggregate == "_avg" and field.type in ("Int", "BigInt"):
            return self._scalars["Float"]
        return scalar

    # Data

    def _data(self, model: Model, name: str) -> Lift | None:
        field = model.fields.get(name)
        if field is None:
            return None
        if field.type in self._schema.models:
            return one_of(self._table(f"write {name}", model.name, _relation_writes(self, field)))
        scalar = self._scalar(field)
        if scalar is None:
            return None
        if field.is_list:
            return _list_data(scalar)
        one = scalar.json_or_null if field.type == "Json" else scalar.one
        operations = ("set", "increment", "decrement", "multiply", "divide")
        return one_of(dict.fromkeys(operations, one), one)


def _orders(values: Values, value: Any) -> Any:
    """What records are ordered by; a column that comes again has no effect, and is left out.

    The compiler would count it among those that a `distinct` stands on.
    """
    if not isinstance(value, LISTS):
        return _ORDER(values, value)
    seen: set[str] = set()
    shape: list[Any] = [LIST]
    for item in cast("Iterable[Any]", value):
        name = _ordering_column(item)
        if name is None or name not in seen:
            shape.append(_ORDER(values, item))
            seen.add(name or "")
    return tuple(shape)


def _ordering_column(item: Any) -> str | None:
    """The column that one part of an order names, unless it is something of a relation."""
    if not isinstance(item, dict) or len(cast("dict[str, Any]", item)) != 1:
        return None
    ((name, direction),) = cast("dict[str, Any]", item).items()
    is_column = isinstance(direction, str) or (isinstance(direction, dict) and "sort" in direction)
    return name if is_column and name != "_relevance" else None


def _order(name: str) -> Lift:
    if name != "_relevance":
        return words
    text = Scalar("String").one
    return one_or_many(one_of({"fields": words, "sort": words, "search": text}))


_ORDER: Final = one_of(Table(make=_order))


def _comparison_table(scalar: Scalar) -> dict[str, Lift]:
    one, many = scalar.one, scalar.many
    return {
        "equals": one,
        "in": many,
        "notIn": many,
        "lt": one,
        "lte": one,
        "gt": one,
        "gte": one,
        "contains": one,
        "startsWith": one,
        "endsWith": one,
        "search": one,
        "mode": words,
    }


def _comparison(scalar: Scalar) -> Lift:
    table = _comparison_table(scalar)
    # A `not` may hold all of this again.
    again = Table(table)
    lift = again["not"] = one_of(again, scalar.one)
    return lift


def _list_filter(scalar: Scalar) -> dict[str, Lift]:
    return {
        "equals": scalar.many,
        "has": scalar.one,
        "hasEvery": scalar.many,
        "hasSome": scalar.many,
        "isEmpty": truth,
    }


def _json_filter(scalar: Scalar, text: Scalar) -> Lift:
    one = scalar.one
    table: dict[str, Lift] = {
        "equals": scalar.json_or_null,
        "path": path,
        "mode": words,
        "string_contains": text.one,
        "string_starts_with": text.one,
        "string_ends_with": text.one,
        "array_contains": one,
        "array_starts_with": one,
        "array_ends_with": one,
        "lt": json_order,
        "lte": json_order,
        "gt": json_order,
        "gte": json_order,
    }

    def equals(values: Values, value: Any) -> Any:
        value = values.serializers.replace(value)
        if value is None or isinstance(value, str):
            return (OBJECT, "equals", scalar.json_or_null(values, value))
        return literal(values, value)

    table["not"] = one_of(table, scalar.json_or_null)
    return one_of(table, equals)


def _list_data(scalar: Scalar) -> Lift:
    inner = one_of({"set": scalar.whole, "push": scalar.whole})

    def lift(values: Values, value: Any) -> Any:
        if isinstance(value, LISTS):
            return (OBJECT, "set", scalar.whole(values, value))
        return inner(values, value)

    return lift


def _relation_writes(inputs: Inputs, field: Field) -> Callable[[Model, str], Lift | None]:
    """What may be written to the records that a relation leads to."""
    data = one_of(inputs.data(field.type))
    where = one_of(inputs.where(field.type))
    unique = one_of(inputs.where_unique(field.type))
    with_data = {"data": data, "where": unique}
    # A to-one relation may be updated, deleted and disconnected without saying which record.
    update = one_of(Table(with_data, lambda name: inputs.data(field.type)[name]))
    table: dict[str, Lift] = {
        "create": one_or_many(data),
        "connect": each_once(unique),
        "connectOrCreate": one_or_many(one_of({"where": unique, "create": data})),
        "createMany": one_of({"data": one_or_many(data), "skipDuplicates": truth}),
        "set": each_once(unique),
        "disconnect": one_or_many(one_of(inputs.where_unique(field.type), truth)),
        "delete": one_or_many(one_of(inputs.where_unique(field.type), truth)),
        "update": one_or_many(one_of(with_data)) if field.is_list else update,
        "updateMany": one_or_many(one_of({"where": where, "data": data})),
        "deleteMany": one_or_many(where),
        "upsert": one_or_many(one_of({"where": unique, "create": data, "update": data})),
    }
    return lambda _model, name: table.get(name)
