"""What the compiler refused: its answers as the client's errors, and those that are kept.

Most refusals follow from the shape of a query and from the types of its values: a name that is not
there, a text where a number belongs. They are kept, without any value in them. One that is about a
value itself, such as a text that is no date, is not: the compiler says anew what is wrong with it.
"""

from __future__ import annotations

import json
from typing import Any, Final, cast

from prisma_wasm.caching import Generations, Room
from prisma_wasm.compiler import CompileError, CompilerPanicError
from prisma_wasm.errors import QueryError
from prisma_wasm.protocol import READS, Lifted
from prisma_wasm.shape import Literal, size_of

_ROOM: Final = Room(8 * 2**20)
_WEIGHT_OF_A_NODE: Final = 100
# Kinds of errors that name types and fields, and no values.
_OF_TYPES: Final = frozenset(
    {
        "EmptySelection",
        "InvalidArgumentType",
        "RequiredArgumentMissing",
        "SelectionSetOnScalar",
        "SomeFieldsMissing",
        "TooManyFieldsGiven",
        "UnknownArgument",
        "UnknownInputField",
        "UnknownSelectionField",
    }
)
_DEPENDS_ON_VALUES: Final = ""


class Refusals:
    """The shapes of one schema that the compiler refused, or whose plans depend on values."""

    def __init__(self, room: Room = _ROOM) -> None:
        # Answers as the JSON that they came as: errors are made anew for each caller.
        self._answers: Generations[Any, str] = Generations(room)

    def check(self, lifted: Lifted) -> bool:
        """Raise the error of a query that is known to be refused.

        The answer is whether its plan is known to depend on its values.
        """
        key = _key(lifted)
        answers = self._answers
        answer = answers.young.get(key)
        if answer is None:
            answer = answers.old.get(key)
            if answer is None:
                return False
            answers.keep(key, answer, _weight(key, answer))
        if answer == _DEPENDS_ON_VALUES:
            return True
        raise _error(lifted, json.loads(answer))

    def add(self, lifted: Lifted, error: CompileError) -> QueryError:
        """Keep a refusal that is the same for all queries like this one; the client's error."""
        answer = _text(error)
        self._keep(lifted, answer)
        return _error(lifted, json.loads(answer))

    def add_dependent(self, lifted: Lifted) -> None:
        """Remember that each query of this shape has to be compiled with its own values."""
        self._keep(lifted, _DEPENDS_ON_VALUES)

    def _keep(self, lifted: Lifted, answer: str) -> None:
        key = _key(lifted)
        if key is not None:
            self._answers.keep(key, answer, _weight(key, answer))

    def __len__(self) -> int:
        return len(self._answers)


def is_of_types(error: CompileError) -> bool:
    """Whether a refusal follows from names and types alone, whatever the values are."""
    answer: Any = error.answer
    if not isinstance(answer, dict):
        return False
    meta: Any = cast("dict[str, Any]", answer).get("meta")
    return isinstance(meta, dict) and _is_of_types(cast("dict[str, Any]", meta))


def _is_of_types(meta: dict[str, Any]) -> bool:
    if meta.get("kind") == "Union":
        return all(map(_is_of_types, meta["errors"]))
    return meta.get("kind") in _OF_TYPES


# Keys


def _key(lifted: Lifted) -> Any:
    """The shape, with types in the places of the values in it; None if some have none."""
    if not lifted.values.has_literals:
        return lifted.key
    try:
        return _typed(lifted.key)
    except _NoTypeError:
        return None


class _NoTypeError(Exception):
    """A value that may be taken or refused for what it is."""


def _typed(shape: Any) -> Any:
    if isinstance(shape, Literal):
        return ("?", _type_of(shape.value))
    # Fields, another class of tuples, have no literals in them.
    return tuple(map(_typed, cast("Any", shape))) if type(shape) is tuple else shape


def _type_of(value: Any) -> Any:
    """What the compiler sees of a value before it looks at it.

    Of numbers it looks at the value: one without a fraction is another type than one with it.
    """
    match value:
        case None:
            return None
        case bool():
            return bool
        case str():
            return str
        case int() if -(2**31) <= value < 2**31:
            return int
        case list():
            return (list, *map(_type_of, cast("list[Any]", value)))
        case dict():
            items = cast("dict[str, Any]", value).items()
            return (dict, *[(name, _type_in(name, item)) for name, item in items])
        case _:
            raise _NoTypeError


def _type_in(name: str, value: Any) -> Any:
    return value if name == "$type" and isinstance(value, str) else _type_of(value)


def _weight(key: Any, answer: str) -> int:
    return _WEIGHT_OF_A_NODE * size_of(key) + len(answer)


# Errors


def broken(error: CompilerPanicError) -> QueryError:
    """The client's error of a query over which the compiler broke down."""
    return QueryError(None, f"The query compiler broke down over this query:\n{error}")


def as_error(lifted: Lifted, error: CompileError) -> QueryError:
    """The compiler's answer as the client knows it."""
    return _error(lifted, json.loads(_text(error)))


def _text(error: CompileError) -> str:
    return json.dumps(error.answer, default=lambda _undefined: None)


def _error(lifted: Lifted, answer: Any) -> QueryError:
    if not isinstance(answer, dict):
        return QueryError(None, str(answer))
    content = cast("dict[str, Any]", answer)
    code, meta = content.get("code"), content.get("meta")
    message = str(content.get("message", ""))
    if not isinstance(code, str):
        return _no_such_operation(message, lifted) or QueryError(None, message)
    return QueryError(
        code, message, cast("dict[str, Any]", meta) if isinstance(meta, dict) else None
    )


def _no_such_operation(message: str, lifted: Lifted) -> QueryError | None:
    """The error of an operation that the model does not have, if that is what is said.

    There is no code in the answer, since the compiler's protocol knows models and their actions.
    In the original's GraphQL an operation was a field of Query or Mutation, and missing there.
    """
    action, model = lifted.action, lifted.model
    if message != f"Operation '{action}' for model '{model}' does not match any query.":
        return None
    name, type_ = f"{action}{model}", "Query" if action in READS else "Mutation"
    meta: dict[str, Any] = {"kind": "UnknownSelectionField", "selectionPath": [name]}
    meta["outputType"] = {"name": type_, "fields": []}
    return QueryError("P2009", f"Field '{name}' not found in enclosing type '{type_}'", meta)
