"""SQL in a plan: its template made into a statement once, its arguments evaluated in every run.

Where a template has a list of values (`IN ($1, $2, ...)`), it becomes one array parameter
(`= ANY($1)`): the statement is the same for every length, and no list meets PostgreSQL's limit of
65,535 parameters. Lists of tuples are written out and cut into pieces that fit.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, cast

from prisma_wasm.errors import QueryError
from prisma_wasm.execute.run import Run
from prisma_wasm.execute.values import Scope, compile_value, is_constant
from prisma_wasm.plan import ArgType, Fragment, PrismaValue, TemplateSql, TupleType, unknown

PARAMETER_LIMIT: Final = 32_766

Render = Callable[[Run], list[tuple[str, list[Any]]]]
"""The statements of one run: usually one, more where its lists had to be cut."""


class Statement:
    """A template's fixed text and how to come by its arguments, or a function that renders it."""

    __slots__ = ("arguments", "fragments", "render", "sql")

    def __init__(self, query: TemplateSql, scope: Scope) -> None:
        if query["type"] != "templateSql":
            raise unknown("a kind of SQL", query["type"])
        if query["placeholderFormat"] != {"prefix": "$", "hasNumbering": True}:
            raise unknown("a form of placeholders", query["placeholderFormat"])
        prepared = [
            _prepared(value, arg_type)
            for value, arg_type in zip(query["args"], query["argTypes"], strict=True)
        ]
        fragments, args = _with_numbers(_with_arrays(query["fragments"]), prepared)
        self.fragments = fragments
        evaluate = [compile_value(value, scope) for value in args]
        for position, is_negated in _arrays(fragments):
            evaluate[position] = _as_array(evaluate[position], is_negated)
        self.sql: str | None = None
        self.render: Render | None = None
        if any(fragment["type"].startswith("parameterTuple") for fragment in fragments):
            chunkable = query["chunkable"]
            self.render = lambda run: _render(
                fragments, [value(run) for value in evaluate], chunkable
            )
        else:
            self.sql = _fixed(fragments)
        self.arguments: Callable[[Run], list[Any]] = lambda run: [value(run) for value in evaluate]


def _parameters(fragments: list[Fragment]) -> list[Fragment]:
    return [fragment for fragment in fragments if fragment["type"] != "stringChunk"]


def _prepared(value: PrismaValue, arg_type: ArgType | TupleType) -> PrismaValue:
    """A constant as the driver takes it: plans write numbers and bytes as texts."""
    if arg_type["arity"] == "tuple":
        return value
    convert = _CONSTANTS.get(arg_type["scalarType"])
    if convert is None or not is_constant(value):
        return value
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [convert(item) if isinstance(item, str) else item for item in items]
    return convert(value) if isinstance(value, str) else value


_CONSTANTS: Final[dict[str, Callable[[str], Any]]] = {
    "int": int,
    "bigint": int,
    "decimal": Decimal,
    "float": float,
    "bytes": base64.b64decode,
}


def _with_arrays(fragments: list[Fragment]) -> list[Fragment]:
    """The fragments with `IN (list)` rewritten to a comparison with one array."""
    rewritten: list[Fragment] = []
    for position, fragment in enumerate(fragments):
        if fragment["type"] != "parameterTuple":
            rewritten.append(fragment)
            continue
        before = rewritten[-1] if rewritten else None
        if position == 0 or before is None or before["type"] != "stringChunk":
            raise unknown("a list of values", fragments)
        if fragment["itemPrefix"] or fragment["itemSuffix"]:
            rewritten.append(fragment)
            continue
        chunk = before["chunk"]
        if chunk.endswith(" NOT IN "):
            before = f"{chunk.removesuffix(' NOT IN ')} <> ALL("
        elif chunk.endswith(" IN "):
            before = f"{chunk.removesuffix(' IN ')} = ANY("
        else:
            raise unknown("a list of values", chunk)
        rewritten[-1] = {"type": "stringChunk", "chunk": before}
        rewritten.append(_ARRAY)
        rewritten.append({"type": "stringChunk", "chunk": ")"})
    return rewritten


# Stands for a list that has become one parameter.
_ARRAY: Final[Fragment] = {"type": "parameter"}


def _arrays(fragments: list[Fragment]) -> list[tuple[int, bool]]:
    """Which parameters are arrays, and whether they are compared with `<> ALL`."""
    found: list[tuple[int, bool]] = []
    before = ""
    for position, fragment in enumerate(_parameters(fragments)):
        if fragment is _ARRAY:
            before = _text_before(fragments, position)
            found.append((position, before.endswith(" <> ALL(")))
    return found


def _text_before(fragments: list[Fragment], parameter: int) -> str:
    """The text right before a parameter."""
    number = -1
    text = ""
    for fragment in fragments:
        if fragment["type"] == "stringChunk":
            text = fragment["chunk"]
            continue
        number += 1
        if number == parameter:
            return text
    return ""


def _with_numbers(
    fragments: list[Fragment], args: list[PrismaValue]
) -> tuple[list[Fragment], list[PrismaValue]]:
    """Numbers of the plan's own (LIMIT 1) written into the text: PostgreSQL plans better."""
    written: list[Fragment] = []
    remaining: list[PrismaValue] = []
    position = 0
    for fragment in fragments:
        if fragment["type"] == "stringChunk":
            written.append(fragment)
            continue
        value = args[position]
        position += 1
        before = written[-1]["chunk"] if written and written[-1]["type"] == "stringChunk" else ""
        if type(value) is int and before.endswith((" LIMIT ", " OFFSET ")):
            written.append({"type": "stringChunk", "chunk": str(value)})
        else:
            written.append(fragment)
            remaining.append(value)
    return written, remaining


def _as_array(evaluate: Callable[[Run], Any], negated: bool) -> Callable[[Run], list[Any]]:
    def array(run: Run) -> list[Any]:
        value = evaluate(run)
        items: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
        # As a list in parentheses an empty one is (NULL): nothing is in it, and nothing is not.
        return items if items or not negated else [None]

    return array


def _fixed(fragments: list[Fragment]) -> str:
    sql: list[str] = []
    number = 0
    for fragment in fragments:
        if fragment["type"] == "stringChunk":
            sql.append(fragment["chunk"])
        else:
            number += 1
            sql.append(f"${number}")
    return "".join(sql)


def _render(
    fragments: list[Fragment], args: list[Any], chunkable: bool
) -> list[tuple[str, list[Any]]]:
    """The statements for lists that are written out."""
    parameters = _parameters(fragments)
    sizes = [_size(fragment, value) for fragment, value in zip(parameters, args, strict=True)]
    total = sum(sizes)
    if total <= PARAMETER_LIMIT:
        return [_write(fragments, args)]
    longest = max(range(len(sizes)), key=sizes.__getitem__)
    room = PARAMETER_LIMIT - (total - sizes[longest])
    if not chunkable or room <= 0:
        raise QueryError(
            "P2029", "The query parameter limit supported by your database is exceeded."
        )
    rows: list[Any] = args[longest]
    width = len(rows[0]) if parameters[longest]["type"] == "parameterTupleList" else 1
    step = max(1, room // width)
    return [
        _write(fragments, [*args[:longest], rows[start : start + step], *args[longest + 1 :]])
        for start in range(0, len(rows), step)
    ]


def _size(fragment: Fragment, value: Any) -> int:
    """How many parameters a list takes."""
    if fragment["type"] == "parameterTupleList":
        return sum(map(len, value))
    return len(value) if fragment["type"] == "parameterTuple" else 1


def _write(fragments: list[Fragment], args: list[Any]) -> tuple[str, list[Any]]:
    sql: list[str] = []
    flat: list[Any] = []
    remaining = iter(args)

    def placeholder(value: Any) -> str:
        flat.append(value)
        return f"${len(flat)}"

    for fragment in fragments:
        if fragment["type"] == "stringChunk":
            sql.append(fragment["chunk"])
        elif fragment["type"] == "parameterTuple":
            prefix, suffix = fragment["itemPrefix"], fragment["itemSuffix"]
            items = [f"{prefix}{placeholder(item)}{suffix}" for item in next(remaining)]
            sql.append(f"({fragment['itemSeparator'].join(items) or 'NULL'})")
        elif fragment["type"] == "parameterTupleList":
            separator, group = fragment["itemSeparator"], fragment["groupSeparator"]
            prefix, suffix = fragment["itemPrefix"], fragment["itemSuffix"]
            rows = [separator.join(map(placeholder, row)) for row in next(remaining)]
            sql.append(group.join(f"{prefix}{row}{suffix}" for row in rows))
        else:
            sql.append(placeholder(next(remaining)))
    return "".join(sql), flat
