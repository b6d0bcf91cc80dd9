"""Random writes: nested ones of every kind, many at once, batches and transactions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from .calls import Batch, Call, Transaction
from .filters import Filters
from .reads import Reads
from .schema import Field, Model, models
from .shapes import is_dict
from .values import Values
from .world import EXPLICIT_IDS

_NUMBERS: Final = frozenset(("Int", "BigInt", "Float", "Decimal"))


class Writes:
    """Draws writes of a model."""

    def __init__(self, values: Values, filters: Filters, reads: Reads) -> None:
        self._values = values
        self._filters = filters
        self._reads = reads

    def call(self, model: Model, *, in_batch: bool = False) -> Call:
        """One write."""
        weights = {
            "create": 6,
            "create_many": 3,
            "update": 8,
            "update_many": 3,
            "upsert": 5,
            "delete": 2,
            "delete_many": 1,
        }
        action = self._values.random.choices(list(weights), list(weights.values()))[0]
        arguments: dict[str, Any] = getattr(self, f"_{action}")(model)
        if (
            not action.endswith("_many")
            and not in_batch
            and (include := self._reads.include(model))
        ):
            arguments["include"] = include
        return Call(model.name, action, arguments)

    def batch(self) -> Batch:
        """A few writes at once."""
        count = self._values.random.randint(1, 4)
        return Batch(tuple(self.call(self._any_model(), in_batch=True) for _ in range(count)))

    def transaction(self) -> Transaction:
        """A few calls in one interactive transaction."""
        calls: list[Call] = []
        for _ in range(self._values.random.randint(1, 3)):
            model = self._any_model()
            draw = self.call if self._values.chance(0.6) else self._reads.call
            calls.append(draw(model))
        return Transaction(tuple(calls), self._values.chance(0.3))

    def _any_model(self) -> Model:
        return self._values.pick(list(models().values()))

    def _create(self, model: Model) -> dict[str, Any]:
        return {"data": self.create_data(model, depth=2)}

    def _create_many(self, model: Model) -> dict[str, Any]:
        count = self._values.random.randint(0 if self._values.chance(0.1) else 1, 4)
        found: dict[str, Any] = {"data": self._rows(model, count)}
        if self._values.chance(0.5):
            found["skip_duplicates"] = self._values.chance(0.8)
        return found

    def _update(self, model: Model) -> dict[str, Any]:
        return {"data": self.update_data(model, depth=2), "where": self._filters.unique(model)}

    def _update_many(self, model: Model) -> dict[str, Any]:
        data = self.update_data(model, depth=0)
        return {"data": data, "where": self._filters.where(model)}

    def _upsert(self, model: Model) -> dict[str, Any]:
        where = self._filters.unique(model)
        create = self.create_data(model, depth=1)
        if len(where) == 1 and self._values.chance(0.6):
            # The same values in `where` and `create`: what PostgreSQL's own upsert is for.
            ((name, value),) = where.items()
            create |= value if is_dict(value) else {name: value}
        update = self.update_data(model, depth=1 if self._values.chance(0.5) else 0)
        if self._values.chance(0.1):
            update = {}
        return {"where": where, "data": {"create": create, "update": update}}

    def _delete(self, model: Model) -> dict[str, Any]:
        return {"where": self._filters.unique(model)}

    def _delete_many(self, model: Model) -> dict[str, Any]:
        return {"where": self._filters.where(model)}

    def _rows(self, model: Model, count: int, without: Field | None = None) -> list[dict[str, Any]]:
        return [self.create_data(model, depth=0, without=without) for _ in range(count)]

    def create_data(self, model: Model, depth: int, without: Field | None = None) -> dict[str, Any]:
        """A new record; `without` is the relation through which it is made."""
        values = self._values
        by_relation = depth > 0 and values.chance(0.5)
        skipped = set(without.columns) if without else set[str]()
        found: dict[str, Any] = {}
        for field in model.scalars:
            if field.name in skipped or (by_relation and field.name in model.key_columns):
                continue
            self._put_new_value(model, field, found)
        if depth > 0:
            for relation in model.relations:
                if relation is without or (relation.columns and not by_relation):
                    continue
                needed = bool(relation.columns) and not relation.is_optional
                if needed or values.chance(0.15 if relation.is_list else 0.25):
                    found[relation.name] = self._nested_create(model, relation, depth - 1)
        return found

    def _put_new_value(self, model: Model, field: Field, found: dict[str, Any]) -> None:
        values = self._values
        if field.has_default and field.is_id and field.type == "Int":
            if values.chance(0.03):
                found[field.name] = values.random.randint(*EXPLICIT_IDS)
            return
        if field.is_list:
            if values.chance(0.4):
                items = values.list_of(field)
                found[field.name] = {"set": items} if values.chance(0.2) else items
            return
        is_needed = not field.is_optional and not field.has_default
        is_deterministic_id = field.is_id and values.chance(0.97)
        if field in model.stable_scalars and (
            is_needed or is_deterministic_id or values.chance(0.4)
        ):
            is_null = field.is_optional and field.type != "Json" and values.chance(0.15)
            found[field.name] = None if is_null else values.of(field)

    def update_data(self, model: Model, depth: int, without: Field | None = None) -> dict[str, Any]:
        """Changes to a record; `without` is the relation through which it is reached."""
        values = self._values
        by_relation = depth > 0 and values.chance(0.6)
        skipped = set(without.columns) if without else set[str]()
        found: dict[str, Any] = {}
        fields = [item for item in model.stable_scalars if item.name not in skipped]
        for field in values.some(fields, 0 if depth else 1, 3):
            is_key = field.name in model.key_columns or field.name in model.id_fields
            if by_relation and field.name in model.key_columns:
                continue
            if is_key and not values.chance(0.25):
                continue
            found[field.name] = self._new_value(field)
        if depth > 0:
            for relation in model.relations:
                if relation is without or (relation.columns and not by_relation):
                    continue
                if values.chance(0.2):
                    found[relation.name] = self._nested_update(model, relation, depth - 1)
        return found

    def _new_value(self, field: Field) -> Any:
        values = self._values
        if field.is_list:
            items = values.list_of(field)
            if values.chance(0.4) and field.type != "Json":
                return {"push": items}
            return {"set": items} if values.chance(0.4) else items
        if field.is_optional and field.type != "Json" and values.chance(0.15):
            return None if values.chance(0.5) else {"set": None}
        is_countable = field.type in _NUMBERS and field.native not in ("Oid", "Money")
        if is_countable and not field.is_id and values.chance(0.4):
            name = values.pick(("increment", "decrement", "multiply", "divide"))
            numbers: dict[str, tuple[Any, ...]] = {
                "Float": (0.5, 2.0, -1.5),
                "Decimal": (Decimal("0.5"), Decimal(2), Decimal("-1.25")),
            }
            return {name: values.pick(numbers.get(field.type, (1, 2, 3, -1)))}
        value = values.of(field)
        # A Json field has no `set`: an object is a value of its own there.
        return {"set": value} if field.type != "Json" and values.chance(0.2) else value

    def _nested_create(self, model: Model, relation: Field, depth: int) -> dict[str, Any]:
        other = models()[relation.type]
        back = model.opposite(relation)
        names = ["create", "connect", "connect_or_create"]
        if relation.is_list and back.columns:
            names.append("createMany")
        chosen = self._values.some(names, 1, 2 if relation.is_list else 1)
        return {name: self._operand(name, relation, other, back, depth) for name in chosen}

    def _nested_update(self, model: Model, relation: Field, depth: int) -> dict[str, Any]:
        other = models()[relation.type]
        back = model.opposite(relation)
        names = ["create", "connect", "connect_or_create", "update", "upsert"]
        may_be_empty = relation.is_optional or (relation.is_list and not back.columns)
        may_be_empty = may_be_empty or (relation.is_list and back.is_optional)
        if relation.is_list:
            names += ["updateMany", "deleteMany", "delete"]
            if back.columns:
                names.append("createMany")
            if may_be_empty:
                names += ["set", "disconnect"]
        elif may_be_empty:
            names += ["disconnect", "delete"]
        chosen = self._values.some(names, 1, 2 if relation.is_list else 1)
        return {name: self._operand(name, relation, other, back, depth) for name in chosen}

    def _operand(self, name: str, relation: Field, other: Model, back: Field, depth: int) -> Any:
        values = self._values
        if name == "createMany":
            rows = self._rows(other, values.random.randint(1, 3), without=back)
            return {"data": rows} | ({"skipDuplicates": True} if values.chance(0.4) else {})
        if not relation.is_list:
            return self._one(name, other, back, depth, names_record=False)
        if name in ("updateMany", "deleteMany"):
            where = self._filters.where(other, 1, relations=False)
            if name == "deleteMany":
                return where if values.chance(0.5) else [where]
            return {"where": where, "data": self.update_data(other, 0, without=back)}
        count = values.random.randint(0 if name == "set" else 1, 2)
        items = [self._one(name, other, back, depth, names_record=True) for _ in range(count)]
        return items[0] if len(items) == 1 and values.chance(0.3) else items

    def _one(self, name: str, other: Model, back: Field, depth: int, *, names_record: bool) -> Any:
        unique = self._filters.unique(other)
        if name == "create":
            return self.create_data(other, depth, without=back)
        if name in ("connect", "set"):
            return unique
        if name in ("disconnect", "delete"):
            return unique if names_record else True
        if name == "connect_or_create":
            return {"where": unique, "create": self.create_data(other, depth, without=back)}
        update = self.update_data(other, depth, without=back)
        if name == "upsert":
            upsert = {"create": self.create_data(other, depth, without=back), "update": update}
            return upsert | ({"where": unique} if names_record else {})
        if names_record:
            return {"where": unique, "data": update}
        if self._values.chance(0.3):
            return {"where": self._filters.where(other, 1), "data": update}
        return update
