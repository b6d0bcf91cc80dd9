"""What the generated client asks, as the shape of a query in Prisma's JSON protocol.

One walk over the arguments gives both the shape, by which the plan is found, and the values in it.
Fields are selected as the client's own query builder does it: those of the pydantic model that are
no relations, and what `include` asks for.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol, cast

from prisma_wasm.inputs import Inputs
from prisma_wasm.scalars import Values, truth
from prisma_wasm.shape import LIST, OBJECT, TRUE, Constant, Literal, StandIn, Writer
from prisma_wasm.strategy import needs_queries
from prisma_wasm.tables import ALIASES, lift_object, one_of

ACTIONS: Final = {
    "create": "createOne",
    "delete": "deleteOne",
    "update": "updateOne",
    "upsert": "upsertOne",
    "create_many": "createMany",
    "create_many_and_return": "createManyAndReturn",
    "delete_many": "deleteMany",
    "update_many": "updateMany",
    "update_many_and_return": "updateManyAndReturn",
    "aggregate": "aggregate",
    "count": "aggregate",
    "group_by": "groupBy",
    "find_many": "findMany",
    "find_first": "findFirst",
    "find_first_or_raise": "findFirstOrThrow",
    "find_unique": "findUnique",
    "find_unique_or_raise": "findUniqueOrThrow",
}
_REMEMBERED_FIELDS: Final = 1_000
_RELATIONS: Final = 1_000

# Those that change nothing.
READS: Final = frozenset(
    ("aggregate", "groupBy", "findMany", "findFirst", "findFirstOrThrow", "findUnique",
     "findUniqueOrThrow")
)  # fmt: skip

# Those that upstream's client does not know.
EXTENSIONS: Final = frozenset({"aggregate", "create_many_and_return", "update_many_and_return"})


class Known:
    """What is known of a pydantic model: the schema's name for it, the fields that it selects, and
    the models that its relations were found to lead to.

    These are referred to weakly: models that refer to each other would keep each other for ever.
    """

    __slots__ = ("_related", "fields", "name")

    def __init__(self, name: str, fields: Iterable[str]) -> None:
        self.name = name
        self.fields = Fields.of(tuple(fields))
        self._related: dict[str, weakref.ref[type[Any]]] = {}

    def related(self, field: str) -> type[Any] | None:
        """The model that a relation leads to, if that is known."""
        found = self._related.get(field)
        return None if found is None else found()

    def relate(self, field: str, model: type[Any]) -> None:
        """Remember where a relation leads to."""
        if len(self._related) < _RELATIONS:
            self._related[field] = weakref.ref(model)


class Count(NamedTuple):
    """A number of related records to be read: of which model, and by which filter."""

    model: str
    where: Any


class Models(Protocol):
    """What the generated package knows of its pydantic models."""

    def known(self, model: type[Any]) -> Known: ...

    def related(self, model: type[Any], field: str) -> type[Any]: ...


class Counts(dict[str, Count]):
    """The counts that an include asks for; a class of its own, which no caller's dict is."""


@dataclass(slots=True)
class Lifted:
    """A query: its shape, which is hashable, and the values lifted out of it."""

    model: str
    action: str
    key: Any
    values: Values


def lift(
    inputs: Inputs,
    models: Models,
    method: str,
    arguments: dict[str, Any],
    model: type[Any],
    root_selection: list[str] | None,
) -> Lifted:
    """Take the values out of one query of a model."""
    known = models.known(model)
    name = known.name
    values = Values(inputs.serializers)
    table = inputs.arguments(name)
    shape: list[Any] = [OBJECT]
    include: dict[str, Any] | None = None
    for key, value in arguments.items():
        if value is None:
            continue
        if key == "include":
            include = value
            continue
        spelled = ALIASES.get(key, key)
        shape.append(spelled)
        shape.append(table.known(spelled)(values, value))
    same = _equal_values(shape, values) if method == "upsert" else ()
    if root_selection is not None:
        selection = _root_selection(tuple(root_selection))
    elif include is None:
        selection = known.fields
    else:
        selection = _select(inputs, models, model, known, include, values)
    action = ACTIONS[method]
    return Lifted(name, action, (name, action, tuple(shape), selection, same), values)


def lift_rows(
    inputs: Inputs, models: Models, method: str, arguments: dict[str, Any], model: type[Any]
) -> list[tuple[Lifted, list[list[Any]]]] | None:
    """The rows of a `create_many` or `create_many_and_return` in runs of the same shape, each with
    the query of its first row.

    None where the rows are none, or have values that no slot fits: then the query goes as a whole.
    """
    data = arguments.get("data")
    if not isinstance(data, list | tuple) or not data:
        return None
    known = models.known(model)
    name, action = known.name, ACTIONS[method]
    selection = _COUNT if method == "create_many" else known.fields
    one = one_of(inputs.data(name))
    options: list[Any] = []
    if arguments.get("skipDuplicates") is not None:
        options = ["skipDuplicates", truth(Values(), arguments["skipDuplicates"])]
    runs: list[tuple[Lifted, list[list[Any]]]] = []
    previous: Any = None
    for row in cast("list[Any]", data):
        values = Values(inputs.serializers)
        shape = one(values, row)
        if values.has_literals:
            return None
        if shape != previous:
            arguments_shape = (OBJECT, "data", (LIST, shape), *options)
            key = (name, action, arguments_shape, selection, ())
            runs.append((Lifted(name, action, key, values), []))
            previous = shape
        runs[-1][1].append(values)
    return runs


_COUNT: Final = (OBJECT, "count", TRUE)


def query_of(lifted: Lifted) -> tuple[dict[str, Any], list[StandIn]]:
    """The compiler's JSON for a shape, and the stand-ins in it."""
    model, action, arguments, selection, same = lifted.key
    writer = Writer(dict(same))
    written: dict[str, Any] = writer.write(arguments)
    selected: dict[str, Any] = writer.write(selection)
    if needs_queries(action, selected):
        written["relationLoadStrategy"] = "query"
    query = {
        "modelName": model,
        "action": action,
        "query": {"arguments": written, "selection": selected},
    }
    return query, writer.stand_ins


class Fields(tuple[Any, ...]):
    """The shape of a model's selected fields, hashed once.

    Models with the same fields share theirs, and so their plans, as long as it is remembered: of
    many models with fields of their own, those that were seen last.
    """

    __slots__ = ()

    @classmethod
    @lru_cache(maxsize=_REMEMBERED_FIELDS)
    def of(cls, names: tuple[str, ...]) -> Fields:
        items: list[Any] = [OBJECT]
        for name in names:
            items += (name, TRUE)
        return cls(items)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other


def _select(
    inputs: Inputs,
    models: Models,
    model: type[Any],
    known: Known,
    include: dict[str, Any] | None,
    values: Values,
) -> Any:
    if include is None:
        return known.fields
    shape: list[Any] = [known.fields]
    for name, value in include.items():
        name = ALIASES.get(name, name)
        if value is False:
            continue
        if isinstance(value, Counts):
            shape += (name, _counts(inputs, value, values))
            continue
        related = known.related(name) or models.related(model, name)
        known_there = models.known(related)
        arguments: Any = _NOTHING
        nested: dict[str, Any] | None = None
        if isinstance(value, dict):
            given = {
                key: item for key, item in cast("dict[str, Any]", value).items() if item is not None
            }
            nested = given.pop("include", None)
            if given:
                arguments = lift_object(inputs.arguments(known_there.name), values, given)
        elif value is not True:
            raise TypeError(
                f"Expected `bool` or `dict` include value but got {type(value)} instead."
            )
        selection = _select(inputs, models, related, known_there, nested, values)
        shape.append(name)
        shape.append((OBJECT, "arguments", arguments, "selection", selection))
    return tuple(shape) if len(shape) > 1 else known.fields


def _counts(inputs: Inputs, counts: Counts, values: Values) -> Any:
    """The numbers of related records; only types of records that can hold them ask for these."""
    selection: list[Any] = [OBJECT]
    for name, (model, where) in counts.items():
        arguments = (OBJECT,)
        if where is not None:
            arguments = (OBJECT, "where", inputs.arguments(model).known("where")(values, where))
        selection += (name, (OBJECT, "arguments", arguments, "selection", _NOTHING))
    return (OBJECT, "arguments", _NOTHING, "selection", tuple(selection))


_NOTHING: Final = (OBJECT,)
_ROOT_ITEM: Final = re.compile(r"(\w+)(?:\s*\{([^}]*)\})?")


def _root_selection(items: tuple[str, ...]) -> Any:
    """The fields that actions without records ask for: `count`, `_count { _all }`, `name`."""
    shape: list[Any] = [OBJECT]
    for item in items:
        found = _ROOT_ITEM.fullmatch(item.strip())
        if found is None:
            raise ValueError(f"Not a selection: {item!r}")
        shape.append(found[1])
        if found[2] is None:
            shape.append(TRUE)
            continue
        inner: list[Any] = [OBJECT]
        for name in found[2].split():
            inner += (name, TRUE)
        shape.append((OBJECT, "arguments", (OBJECT,), "selection", tuple(inner)))
    return tuple(shape)


def _equal_values(shape: list[Any], values: Values) -> tuple[tuple[int, int], ...]:
    """Which values of an upsert's `create` are those of its `where`.

    Where they are, the compiler may use PostgreSQL's own upsert; it can tell only if they have one
    name. Values stand in the order of the arguments, which is the client's: where, create, update.
    """
    ends: dict[str, tuple[int, int]] = {}
    start = 0
    for position in range(1, len(shape), 2):
        end = start + _slots(shape[position + 1])
        ends[shape[position]] = (start, end)
        start = end
    where, create = ends.get("where", (0, 0)), ends.get("create", (0, 0))
    pairs: dict[int, int] = {}
    for first in range(*where):
        for second in range(*create):
            left, right = values[first], values[second]
            if second not in pairs and type(left) is type(right) and left == right:
                pairs[second] = first
    return tuple(pairs.items())


def _slots(shape: Any) -> int:
    """How many values stand in a shape."""
    if isinstance(shape, Literal):
        return 0
    if isinstance(shape, tuple):
        return sum(_slots(item) for item in cast("tuple[Any, ...]", shape))
    return 0 if isinstance(shape, str | Constant) or shape is None else 1
