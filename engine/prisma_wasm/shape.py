"""The shape of a query: its arguments with every value replaced by a slot.

A shape is what plans are cached by, and the only thing that the compiler ever sees: the JSON that
it compiles is built from the shape alone. So no value can reach a plan, unless lifting leaves it in
on purpose (`Literal`), and such a shape is never kept.

Shapes are made of tuples, strings and the objects below, all of which hash fast:

    ("{", name, shape, name, shape, ...)   an object
    (object, name, shape, ...)             an object, and more in it
    ("[", shape, shape, ...)               a list
    Slot                                   a value of some type, by position
    Stand                                  a number or text that the compiler must see written out
    Word                                   a word of the query language, such as a sort order
    None, TRUE, FALSE                      null and the two truth values
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast


class Slot:
    """The place of a value; slots are compared by identity."""

    __slots__ = ("param",)

    def __init__(self, **param: Any) -> None:
        self.param = param

    def list_of(self) -> Slot:
        """The place of a list of such values."""
        return Slot(type="List", inner=self.param)


class Stand:
    """The place of a value that the compiler takes only as a literal.

    It sees a stand-in that cannot be mistaken for anything else, which is searched for in the plan.
    """

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind


class Word(str):
    """A word of the query language, not of the user."""

    __slots__ = ()


class Constant:
    """A value of JSON that belongs to the structure of a query."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class Literal(NamedTuple):
    """A value left in the shape, since no slot fits it: the compiler will refuse it, or may not."""

    value: Any


OBJECT: Final = "{"
LIST: Final = "["
TRUE: Final = Constant(True)
FALSE: Final = Constant(False)
DB_NULL: Final = Constant({"$type": "Enum", "value": "DbNull"})
COUNT_STAND: Final = Stand("count")
BACKWARD_STAND: Final = Stand("backward count")
TEXT_STAND: Final = Stand("text")
JSON_NUMBER_STAND: Final = Stand("number in JSON")
JSON_TEXT_STAND: Final = Stand("text in JSON")

# Stand-ins for counts lie far apart, so that a plan that calculates with one is noticed.
_COUNT_BASE: Final = 1_500_000_000
_COUNT_STEP: Final = 100_003
STAND_IN_TEXT: Final = "prisma-wasm stands in for value "


@dataclass(slots=True)
class StandIn:
    """What the compiler saw in the place of the value at `index`."""

    index: int
    literal: int | str


class Writer:
    """Builds the compiler's JSON from a shape."""

    def __init__(self, same: dict[int, int]) -> None:
        self._same = same
        self._next = 0
        self.stand_ins: list[StandIn] = []

    def write(self, shape: Any) -> Any:
        """The JSON of one shape; slots are numbered in the order in which they are met."""
        if isinstance(shape, tuple):
            if isinstance(shape, Literal):
                return shape.value
            return self._container(cast("tuple[Any, ...]", shape))
        if isinstance(shape, Slot):
            index = self._take()
            name = f"%{self._same.get(index, index)}"
            return {"$type": "Param", "value": {"name": name, **shape.param}}
        if isinstance(shape, Stand):
            return self._stand(shape)
        if isinstance(shape, Constant):
            return shape.value
        return shape

    def _container(self, shape: tuple[Any, ...]) -> Any:
        if shape[0] == LIST:
            return [self.write(item) for item in shape[1:]]
        first: dict[str, Any] = self.write(shape[0]) if isinstance(shape[0], tuple) else {}
        return first | {shape[i]: self.write(shape[i + 1]) for i in range(1, len(shape), 2)}

    def _take(self) -> int:
        self._next += 1
        return self._next - 1

    def _stand(self, stand: Stand) -> Any:
        index = self._take()
        number = _COUNT_BASE + index * _COUNT_STEP
        if stand is COUNT_STAND or stand is BACKWARD_STAND:
            self.stand_ins.append(StandIn(index, number))
            return number if stand is COUNT_STAND else -number
        literal = f"{STAND_IN_TEXT}{index}"
        if stand is TEXT_STAND:
            self.stand_ins.append(StandIn(index, literal))
            return literal
        literal = str(number) if stand is JSON_NUMBER_STAND else f'"{literal}"'
        self.stand_ins.append(StandIn(index, literal))
        return {"$type": "Json", "value": literal}


def size_of(shape: Any) -> int:
    """How many parts a shape has."""
    if type(shape) is not tuple:
        return 1
    return 1 + sum(map(size_of, cast("tuple[Any, ...]", shape)))
