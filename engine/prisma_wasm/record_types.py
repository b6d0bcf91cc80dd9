"""Types of records that are not a client's models: which columns and relations they ask for.

A `TypedDict` or a pydantic model says what it holds; a query for it selects exactly that. What a
TypedDict declares is checked against the schema when it is first used, since nothing checks the
values later; a pydantic model checks them itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from prisma_wasm.declarations import Declaration, declarations, is_record_type
from prisma_wasm.protocol import Count, Counts, Known
from prisma_wasm.record_values import conversion, related_type
from prisma_wasm.schema import Field, Model, Schema

COUNTS: Final = "_count"
_CACHE: Final = "__prisma_wasm_record_types__"

Parse = Callable[[type[Any], Any], Any]


class Client(NamedTuple):
    """What is needed of a generated package: its schema, its special types, its errors."""

    name: str
    schema: Schema
    parse: Parse
    types: Mapping[str, type[Any]]
    unknown_relation: Callable[[str, str], Exception]


class RecordType:
    """How to ask for records of one type, and how to make them of rows.

    The engine takes it in the place of a model.
    """

    def __init__(self, client: Client, model: Model, type_: type[Any]) -> None:
        self.__prisma_model__ = model.name
        self.__name__ = type_.__name__
        self._client = client
        self._model = model
        self._type = type_
        self._is_pydantic = not issubclass(type_, dict)
        self._relations: dict[str, tuple[Declaration, Field]] = {}
        self._related: dict[str, RecordType] = {}
        self._counts: tuple[str, ...] = ()
        self._counts_required = False
        self._conversions: list[tuple[str, Callable[[Any], Any]]] = []
        columns: list[str] = []
        for declared in declarations(type_):
            if declared.name == COUNTS:
                self._counts = self._counted(declared)
                self._counts_required = declared.is_required
                continue
            field = model.fields.get(declared.name)
            if field is None:
                raise TypeError(
                    f"{type_.__name__} has a field `{declared.name}`, which the model {model.name}"
                    f" does not have. Its fields are: {', '.join(model.fields)}."
                )
            if field.type in client.schema.models:
                self._relations[field.name] = declared, field
                continue
            columns.append(field.name)
            convert = conversion(declared, field, client.types, is_checked=not self._is_pydantic)
            if convert is not None:
                self._conversions.append((field.name, convert))
        if not columns and not self._relations and not self._counts:
            raise TypeError(f"{type_.__name__} has no fields: there is nothing to select.")
        self.known = Known(model.name, columns)
        self._always: dict[str, Any] | None = None

    def related(self, field: str) -> RecordType:
        """The type of the records that a relation leads to."""
        found = self._related.get(field)
        if found is None:
            if field not in self._relations:
                raise self._client.unknown_relation(self.__name__, field)
            declared, relation = self._relations[field]
            type_ = related_type(declared, relation)
            found = self._related[field] = record_type(self._client, relation.type, type_)
        return found

    def include(self, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """What to include: what the type holds in any case, with the caller's arguments."""
        if given:
            return self._include(given, ()) or None
        if self._always is None:
            self._always = self._include({}, ())
        return self._always or None

    def _include(self, given: Mapping[str, Any], within: tuple[type[Any], ...]) -> dict[str, Any]:
        if self._type in within:
            raise TypeError(
                f"{self.__name__} contains itself, without end. Give the relation in it a default,"
                " or make it NotRequired, and ask for it with `include`."
            )
        for name in given:
            if name not in self._relations and not (name == COUNTS and self._counts):
                raise self._client.unknown_relation(self.__name__, name)
        included: dict[str, Any] = {}
        for name, (declared, _field) in self._relations.items():
            asked = given.get(name)
            if asked or declared.is_required:
                arguments = _mapping(asked)
                # What the caller writes out has an end.
                above = () if asked else (*within, self._type)
                inner = self.related(name)._include(_mapping(arguments.get("include")), above)
                included[name] = {**arguments, "include": inner or None}
        if given.get(COUNTS) or self._counts_required:
            included[COUNTS] = self._count(given.get(COUNTS))
        return included

    def _count(self, asked: Any) -> Counts:
        filters = _mapping(asked)
        for name in filters:
            if name not in self._counts:
                raise self._client.unknown_relation(f"{self.__name__}.{COUNTS}", name)
        return Counts(
            (name, Count(self._model.fields[name].type, _mapping(filters.get(name)).get("where")))
            for name in self._counts
        )

    def _counted(self, declared: Declaration) -> tuple[str, ...]:
        """The relations whose records are counted."""
        type_ = declared.record_type
        if type_ is None:
            raise TypeError(
                f"`{COUNTS}` of {self.__name__} must be a TypedDict or a pydantic model with an int"
                " field for each relation to count."
            )
        names = [count.name for count in declarations(type_)]
        for name in names:
            field = self._model.fields.get(name)
            if field is None or not field.is_list or field.type not in self._client.schema.models:
                raise TypeError(
                    f"{type_.__name__} has a field `{name}`, which is no list of related records of"
                    f" the model {self._model.name}: only these can be counted."
                )
        return tuple(names)

    def parse(self, row: dict[str, Any]) -> Any:
        """The record of a row."""
        for name, convert in self._conversions:
            row[name] = convert(row[name])
        for name, (_declared, relation) in self._relations.items():
            value = row.get(name)
            if value is not None:
                parse = self.related(name).parse
                row[name] = [parse(one) for one in value] if relation.is_list else parse(value)
        return self._client.parse(self._type, row) if self._is_pydantic else row


def record_type(client: Client, model: str, type_: Any) -> RecordType:
    """How to ask for records of this type, worked out once for each type and model."""
    if not is_record_type(type_):
        raise TypeError(f"Select a TypedDict or a pydantic model, not {type_!r}.")
    # Kept by the type itself: a class that is made for one request shall not stay.
    own = cast("dict[str, Any]", vars(type_))
    cache: dict[tuple[str, str], RecordType] | None = own.get(_CACHE)
    if cache is None:
        cache = {}
        setattr(type_, _CACHE, cache)
    found = cache.get((client.name, model))
    if found is None:
        found = RecordType(client, client.schema.models[model], type_)
        cache[client.name, model] = found
    return found


def _mapping(value: Any) -> dict[str, Any]:
    """The value if it is a dict; otherwise, such as for True, nothing."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
