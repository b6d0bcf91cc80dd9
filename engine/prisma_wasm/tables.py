"""Tables of what may stand in an object of a query, and the functions that lift by them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Final, cast

from prisma_wasm.scalars import Lift, Values, literal, truth
from prisma_wasm.shape import (
    BACKWARD_STAND,
    COUNT_STAND,
    LIST,
    OBJECT,
    TEXT_STAND,
    Constant,
    Word,
)

# The client's spelling of words whose own is in camel case.
ALIASES: Final = {
    "startswith": "startsWith",
    "has_every": "hasEvery",
    "endswith": "endsWith",
    "has_some": "hasSome",
    "is_empty": "isEmpty",
    "order_by": "orderBy",
    "not_in": "notIn",
    "is_not": "isNot",
    "connect_or_create": "connectOrCreate",
    "create_many": "createMany",
    "skip_duplicates": "skipDuplicates",
}
_ZERO: Final = Constant(0)
_REMEMBERED_NAMES: Final = 2_000
LISTS: Final = (list, tuple, set)


class Table(dict[str, Lift]):
    """What may stand in an object, by name; entries may be made when they are first asked for."""

    __slots__ = ("_make",)

    def __init__(
        self,
        entries: dict[str, Lift] | None = None,
        make: Callable[[str], Lift | None] = lambda _name: None,
    ) -> None:
        super().__init__(entries or {})
        self._make = make

    def __missing__(self, name: str) -> Lift | None:
        # Names that nothing is known of are not remembered, nor any number of others: callers may
        # make them up.
        lift = self._make(name)
        if lift is not None and len(self) < _REMEMBERED_NAMES:
            self[name] = lift
        return lift

    def known(self, name: str) -> Lift:
        """How to lift what stands behind this name."""
        return self[name] or literal


def lift_object(table: Table, values: Values, value: dict[str, Any]) -> Any:
    """Lift what stands in an object, name by name."""
    shape: list[Any] = [OBJECT]
    for name, item in value.items():
        lift = table[name]
        if lift is None:
            name = ALIASES.get(name, name)
            lift = table.known(name)
        shape.append(name)
        shape.append(lift(values, item))
    return tuple(shape)


def one_of(entries: dict[str, Lift], otherwise: Lift = literal) -> Lift:
    """An object with the names of this table."""
    table = entries if isinstance(entries, Table) else Table(entries)

    def lift(values: Values, value: Any) -> Any:
        if isinstance(value, dict):
            return lift_object(table, values, cast("dict[str, Any]", value))
        return otherwise(values, value)

    return lift


def one_or_many(one: Lift) -> Lift:
    """Such a thing, or a list of them."""

    def lift(values: Values, value: Any) -> Any:
        if isinstance(value, LISTS):
            items = cast("Iterable[Any]", value)
            return (LIST, *[one(values, item) for item in items])
        return one(values, value)

    return lift


def count(values: Values, value: Any) -> Any:
    """A number of rows. Its sign, and whether it is zero, belong to the structure of a query."""
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        return literal(values, value)
    if value == 0:
        return _ZERO
    values.append(abs(int(value)))
    return COUNT_STAND if value > 0 else BACKWARD_STAND


def words(values: Values, value: Any) -> Any:
    """Words of the query language or of the schema, however nested."""
    if isinstance(value, str):
        return Word(str.__str__(value))
    if isinstance(value, dict):
        shape: list[Any] = [OBJECT]
        for name, item in cast("dict[str, Any]", value).items():
            shape += (name, words(values, item))
        return tuple(shape)
    if isinstance(value, LISTS):
        return (LIST, *[words(values, item) for item in cast("Iterable[Any]", value)])
    if isinstance(value, bool):
        return truth(values, value)
    return literal(values, value)


def path(values: Values, value: Any) -> Any:
    """Where in a document of JSON to look: texts that the compiler must see."""
    if not isinstance(value, LISTS):
        return literal(values, value)
    steps = [step if isinstance(step, str) else str(step) for step in cast("Iterable[Any]", value)]
    values.extend(steps)
    return (LIST, *[TEXT_STAND] * len(steps))


def each_once(one: Lift) -> Lift:
    """A record, or a list of records in which one that is named twice is meant once."""
    many = one_or_many(one)

    def lift(values: Values, value: Any) -> Any:
        if not isinstance(value, LISTS):
            return one(values, value)
        items = list(cast("Iterable[Any]", value))
        return many(values, list({_identity(item): item for item in items}.values()))

    return lift


def _identity(value: Any) -> Any:
    """What is equal for equal values, and can be looked up; what cannot is itself alone."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return tuple([(name, _identity(item)) for name, item in items])
    return value if isinstance(value, Hashable) else id(value)
