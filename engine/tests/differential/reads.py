"""Random reads: find in all its forms, count and group_by."""

from __future__ import annotations

from typing import Any, Final

from .calls import Call
from .filters import Filters
from .schema import Field, Model, models
from .values import Values

_NUMBERS: Final = frozenset(("Int", "BigInt", "Float", "Decimal"))
_MANY: Final = ("find_many", "find_first", "find_first_or_raise")


class Reads:
    """Draws reads of a model."""

    def __init__(self, values: Values, filters: Filters) -> None:
        self._values = values
        self._filters = filters

    def call(self, model: Model) -> Call:
        """One read."""
        weights = {
            "find_many": 10,
            "find_first": 3,
            "find_first_or_raise": 1,
            "find_unique": 4,
            "find_unique_or_raise": 1,
            "count": 2,
            "group_by": 4,
        }
        action = self._values.random.choices(list(weights), list(weights.values()))[0]
        if action == "count":
            return Call(model.name, action, self._count(model))
        if action == "group_by":
            return Call(model.name, action, self._group_by(model))
        if action in _MANY:
            arguments = self.page(model)
            if action != "find_many":
                arguments.pop("take", None)
                # Without an order it is not said which record is the first.
                arguments.setdefault("order_by", total_order(model))
            if "order_by" in arguments:
                arguments["order"] = arguments.pop("order_by")
        else:
            arguments = {"where": self._filters.unique(model)}
        if include := self.include(model):
            arguments["include"] = include
        return Call(model.name, action, arguments)

    def include(self, model: Model, depth: int = 2) -> dict[str, Any]:
        """Relations to load, with arguments."""
        if not model.relations or self._values.chance(0.5):
            return {}
        found: dict[str, Any] = {}
        for relation in self._values.some(model.relations, 1, 2):
            if self._values.chance(0.3):
                found[relation.name] = not self._values.chance(0.05)
                continue
            other = models()[relation.type]
            arguments = self.page(other) if relation.is_list else {}
            if relation.is_optional and not relation.is_list and self._values.chance(0.2):
                arguments["where"] = self._filters.where(other, 1)
            if depth > 0 and (nested := self.include(other, depth - 1)):
                arguments["include"] = nested
            found[relation.name] = arguments or True
        return found

    def page(self, model: Model) -> dict[str, Any]:
        """The arguments that choose and order records; by an include's names."""
        values = self._values
        found: dict[str, Any] = {}
        if values.chance(0.6):
            found["where"] = self._filters.where(model)
        if values.chance(0.4):
            found["take"] = values.pick((0, 1, 2, 3, 5, -1, -2, -4))
        if values.chance(0.2):
            found["skip"] = values.random.randint(0, 3)
        if values.chance(0.12):
            found["cursor"] = self._cursor(model)
        if values.chance(0.12):
            fields = [item for item in model.stable_scalars if item.type != "Json"]
            found["distinct"] = [item.name for item in values.some(fields, 1, 2)]
        if "distinct" in found:
            found["order_by"] = [*self._order(model), *total_order(model)]
        elif values.chance(0.55):
            order = self._order(model)
            # Pagination by itself makes an order of columns a total one, but no other.
            of_columns = all(name in {item.name for item in model.scalars} for name in order[0])
            if not of_columns or values.chance(0.8):
                order += total_order(model)
            found["order_by"] = order[0] if len(order) == 1 and values.chance(0.5) else order
        return found

    def _cursor(self, model: Model) -> dict[str, Any]:
        while True:
            cursor = self._filters.unique(model)
            if len(cursor) == 1:
                return cursor

    def _order(self, model: Model) -> list[dict[str, Any]]:
        values = self._values
        order: list[dict[str, Any]] = []
        fields = [item for item in model.stable_scalars if item.type != "Json"]
        for field in values.some(fields, 1, 2):
            direction: Any = values.pick(("asc", "desc"))
            if field.is_optional and values.chance(0.3):
                direction = {"sort": direction, "nulls": values.pick(("first", "last"))}
            order.append({field.name: direction})
        if model.relations and values.chance(0.2):
            order[0] = self._order_by_relation(values.pick(model.relations))
        elif model.name == "Post" and values.chance(0.1):
            search = {"fields": ["title", "content"], "search": "alpha | beta", "sort": "desc"}
            order[0] = {"_relevance": search}
        return order

    def _order_by_relation(self, relation: Field) -> dict[str, Any]:
        direction = self._values.pick(("asc", "desc"))
        if relation.is_list:
            return {relation.name: {"_count": direction}}
        other = models()[relation.type]
        field = self._values.pick(
            [item for item in other.stable_scalars if item.type not in ("Json", "Bytes")]
        )
        return {relation.name: {field.name: direction}}

    def _count(self, model: Model) -> dict[str, Any]:
        values = self._values
        found: dict[str, Any] = {}
        if values.chance(0.7):
            found["where"] = self._filters.where(model)
        if values.chance(0.3):
            found["take"] = values.random.randint(0, 5)
        if values.chance(0.2):
            found["skip"] = values.random.randint(0, 3)
        if values.chance(0.1):
            found["cursor"] = self._cursor(model)
        if values.chance(0.4):
            names = ["_all", *(item.name for item in model.scalars)]
            found["select"] = dict.fromkeys(values.some(names, 1, 3), True)
        return found

    def _group_by(self, model: Model) -> dict[str, Any]:
        values = self._values
        fields = [item for item in model.stable_scalars if item.type != "Json" and not item.is_list]
        by = [item.name for item in values.some(fields, 1, 2)]
        found: dict[str, Any] = {"by": by}
        if values.chance(0.5):
            found["where"] = self._filters.where(model)
        numbers = [item.name for item in fields if item.type in _NUMBERS]
        compared = [item.name for item in fields if item.type not in ("Bytes", "Boolean")]
        compared = [name for name in compared if model.fields[name].native not in ("Uuid", "Inet")]
        for name, names in (
            ("sum", numbers),
            ("avg", numbers),
            ("min", compared),
            ("max", compared),
        ):
            if names and values.chance(0.3):
                found[name] = dict.fromkeys(values.some(names, 1, 2), True)
        if values.chance(0.5):
            counted = ["_all", *(item.name for item in model.scalars)]
            chosen = dict.fromkeys(values.some(counted, 1, 2), True)
            found["count"] = True if values.chance(0.5) else chosen
        if values.chance(0.35):
            found["having"] = self._filters.having(model, by)
        if values.chance(0.5):
            found["order"] = [{name: values.pick(("asc", "desc"))} for name in by]
            if values.chance(0.5):
                found["take"] = values.pick((1, 2, 3, -2))
            if values.chance(0.4):
                found["skip"] = values.random.randint(0, 2)
        return found


def total_order(model: Model) -> list[dict[str, Any]]:
    """An order that leaves no two records equal."""
    return [{name: "asc"} for name in model.id_fields]
