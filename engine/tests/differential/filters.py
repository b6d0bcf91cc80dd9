"""Random filters: `where` of every kind, `where` of one record, and `having`."""

from __future__ import annotations

from typing import Any, Final

from .schema import Field, Model, models
from .values import JSON_PATHS, JsonValue, Values

_COMPARED: Final = frozenset(("String", "Int", "BigInt", "Float", "Decimal", "DateTime"))
_RANGES: Final = ("lt", "lte", "gt", "gte")
# Types that PostgreSQL has no LIKE for.
_NOT_TEXT: Final = frozenset(("Uuid", "Inet"))


class Filters:
    """Draws filters of a model's records."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def where(self, model: Model, depth: int = 2, *, relations: bool = True) -> dict[str, Any]:
        """A filter with up to three conditions; sometimes an empty one."""
        if self._values.chance(0.05):
            return {}
        found: dict[str, Any] = {}
        fields = list(model.fields.values()) if relations else model.scalars
        for field in self._values.some(fields, 1, 3):
            if field.type not in models():
                found[field.name] = self.scalar(field)
            elif depth > 0:
                found[field.name] = self._relation(field, depth - 1)
        if depth > 0 and self._values.chance(0.25):
            for name in self._values.some(["AND", "OR", "NOT"], 1, 2):
                count = self._values.random.randint(0 if self._values.chance(0.1) else 1, 3)
                found[name] = [
                    self.where(model, depth - 1, relations=relations) for _ in range(count)
                ]
        return found

    def unique(self, model: Model) -> dict[str, Any]:
        """A filter that names one record; it may or may not be there."""
        choices: list[Any] = [
            item for item in model.fields.values() if item.is_id or item.is_unique
        ]
        choices += model.keys
        chosen = self._values.pick(choices[:1] if self._values.chance(0.6) else choices)
        if isinstance(chosen, Field):
            found = {chosen.name: self._values.of(chosen)}
        else:
            found = {
                chosen.name: {name: self._values.of(model.fields[name]) for name in chosen.fields}
            }
        if self._values.chance(0.1):
            found |= self.where(model, 1) | found
        return found

    def scalar(self, field: Field) -> Any:
        """A condition on a column."""
        if field.is_list:
            return self._list(field)
        if field.type == "Json":
            return self._json(field)
        if self._values.chance(0.3):
            return self._value_or_null(field)
        condition = self._operations(field)
        if self._values.chance(0.15):
            inner = self._operations(field) if self._values.chance(0.5) else None
            if inner and not inner.keys() & {"mode", "search"}:
                condition["not"] = inner
            else:
                condition["not"] = self._value_or_null(field)
        return condition

    def having(self, model: Model, by: list[str]) -> dict[str, Any]:
        """A filter of groups: columns of `by`, or aggregates of numbers."""
        numbers = [
            item
            for item in model.stable_scalars
            if item.type in ("Int", "Float", "Decimal", "BigInt") and not item.is_list
        ]
        if not numbers or self._values.chance(0.3):
            field = model.fields[self._values.pick(by)]
            return {field.name: self.scalar(field)}
        field = self._values.pick(numbers)
        aggregate = self._values.pick(("_count", "_sum", "_avg", "_min", "_max"))
        value: Any = self._values.random.randint(0, 4)
        if aggregate != "_count" and (field.type != "Int" or aggregate == "_avg"):
            value = value if field.type == "BigInt" and aggregate != "_avg" else value * 1.0
        return {field.name: {aggregate: {self._values.pick((*_RANGES, "equals")): value}}}

    def _value_or_null(self, field: Field) -> Any:
        return None if field.is_optional and self._values.chance(0.3) else self._values.of(field)

    def _operations(self, field: Field) -> dict[str, Any]:
        values = self._values
        names = ["equals", "in", "not_in"]
        if field.type in _COMPARED:
            names += _RANGES
        is_text = field.type == "String" and field.native not in _NOT_TEXT
        if is_text:
            names += ["contains", "startswith", "endswith"] * 2
        if field.type == "Boolean":
            names = ["equals", "not"]
        condition: dict[str, Any] = {}
        for name in values.some(names, 1, 2):
            if name in ("in", "not_in"):
                condition[name] = values.list_of(field, 4)
            elif name in ("contains", "startswith", "endswith"):
                condition[name] = self._part(field)
            elif name in ("equals", "not"):
                condition[name] = self._value_or_null(field)
            else:
                condition[name] = values.of(field)
        if is_text and values.chance(0.25):
            condition["mode"] = values.pick(("insensitive", "insensitive", "default"))
        if is_text and field.native == "" and values.chance(0.05):
            condition = {"search": values.pick(("alpha", "beta & gamma", "alpha | smile", "!beta"))}
        return condition

    def _part(self, field: Field) -> str:
        text = self._values.of(field)
        start = self._values.random.randint(0, len(text))
        return text[start : start + self._values.random.randint(0, 3)]

    def _list(self, field: Field) -> dict[str, Any]:
        values = self._values
        name = values.pick(("has", "has_every", "has_some", "is_empty", "equals"))
        if field.type == "Json" and name not in ("is_empty", "equals"):
            name = "equals"
        if name == "has":
            return {name: values.of(field)}
        if name == "is_empty":
            return {name: values.chance(0.5)}
        return {name: values.list_of(field)}

    def _json(self, field: Field) -> dict[str, Any]:
        values = self._values
        if field.native == "Json":
            return {values.pick(("equals", "not")): values.of(field)}
        if values.chance(0.5):
            return {values.pick(("equals", "not")): values.of(field)}
        condition: dict[str, Any] = {"path": values.pick(JSON_PATHS)}
        name = values.pick(
            (
                "equals",
                "not",
                "string_contains",
                "string_starts_with",
                "string_ends_with",
                "array_contains",
                "array_starts_with",
                "array_ends_with",
                "lt",
                "gte",
            )
        )
        if name.startswith("string"):
            condition[name] = values.pick(("t", "te", "deep", "x", ""))
        elif name in ("lt", "gte"):
            condition[name] = JsonValue(values.pick((0, 1, 1.5, "text", "a")))
        elif name == "array_contains":
            condition[name] = JsonValue(values.pick((["x"], [1, 2], [1.5], ["nope"])))
        elif name.startswith("array"):
            condition[name] = JsonValue(values.pick(("x", 1, 3, True, None)))
        else:
            condition[name] = JsonValue(values.pick((1, 2, "deep", "x", {"b": [1, 2, 3]}, True)))
        return condition

    def _relation(self, relation: Field, depth: int) -> Any:
        values = self._values
        other = models()[relation.type]
        if relation.is_list:
            names = values.some(["some", "every", "none"], 1, 1 if values.chance(0.8) else 2)
            return {name: self.where(other, depth) for name in names}
        if values.chance(0.2) and relation.is_optional:
            return values.pick((None, {"is": None}, {"is_not": None}))
        if values.chance(0.2):
            return self.where(other, depth)
        return {values.pick(("is", "is_not")): self.where(other, depth)}
