"""SQL in a plan: its template made into a statement once, its arguments evaluated in every run.

Where a template has a list of values (`IN ($1, $2, ...)`), it becomes one array parameter
(`= ANY($1)`): the statement is the same for every length, and no list meets PostgreSQL's limit of
65,535 parameters. Lists of tuples are written out and cut into pieces that fit.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, cast

from prisma_wasm.errors import QueryError
from prisma_wasm.execute.rewrites import ARRAY, NAME, NONE_OF, with_arrays, with_json, with_numbers
from prisma_wasm.execute.run import Run
from prisma_wasm.execute.values import Scope, compile_value, is_constant
from prisma_wasm.plan import ArgType, Fragment, PrismaValue, TemplateSql, TupleType, unknown
from prisma_wasm.scope import current

PARAMETER_LIMIT: Final = 32_766
# How many limits of one statement are written out, after how many runs, out of how many at once.
_WRITTEN_LIMITS: Final = 3
_USUAL: Final = 3
_COUNTED_LIMITS: Final = 16
# A page of a whole table, or of what comes before or after something.
_PAGE: Final = re.compile(
    rf"(?: ON true| FROM {NAME}\.{NAME}(?: AS {NAME})?)"
    rf"(?: WHERE (?:{NAME}|\$\d+|[<>]=?|AND|OR|1=1|[(). ])+)?"
    rf" ORDER BY [^$]+ LIMIT (?P<limit>\$\d+)$"
)

Part = tuple[str, list[Any]]
"""A statement of one run: its text and its arguments."""

Render = Callable[[Run], list[Part]]
"""The statements of one run: usually one, more where its lists had to be cut."""


class Statement:
    """What a template is made into: `one` statement, or those that `render` cuts its lists into."""

    __slots__ = ("arguments", "fragments", "is_read", "one", "render")

    def __init__(self, query: TemplateSql, scope: Scope) -> None:
        if query["type"] != "templateSql":
            raise unknown("a kind of SQL", query["type"])
        if query["placeholderFormat"] != {"prefix": "$", "hasNumbering": True}:
            raise unknown("a form of placeholders", query["placeholderFormat"])
        prepared = [
            _prepared(value, arg_type)
            for value, arg_type in zip(query["args"], query["argTypes"], strict=True)
        ]
        fragments, args = with_numbers(with_json(with_arrays(query["fragments"])), prepared)
        self.fragments = fragments
        evaluate = [compile_value(value, scope) for value in args]
        for position, is_negated in _arrays(fragments):
            evaluate[position] = _as_array(evaluate[position], is_negated)
        self.arguments: Callable[[Run], list[Any]] = lambda run: [value(run) for value in evaluate]
        self.one: Callable[[Run], Part] | None = None
        self.render: Render | None = None
        if has_lists(fragments):
            chunkable = query["chunkable"]
            self.render = lambda run: _render(fragments, self.arguments(run), chunkable)
        else:
            self.one = _one(fragments, self.arguments)
        self.is_read = fragments[0].get("chunk", "").startswith("SELECT ")


def has_lists(fragments: list[Fragment]) -> bool:
    """Whether lists are written out, which may have to be cut into several statements."""
    return any(fragment["type"].startswith("parameterTuple") for fragment in fragments)


def _one(fragments: list[Fragment], arguments: Callable[[Run], list[Any]]) -> Callable[[Run], Part]:
    sql = _fixed(fragments)
    if page := _PAGE.search(sql):
        usual = _UsualLimits(sql, page.start("limit"))
        return lambda run: usual.choose(arguments(run))
    return lambda run: (sql, arguments(run))


class _UsualLimits:
    """The texts of a statement in which the limits that it often runs with are written out.

    While the limit is a parameter, a plan for any values takes a tenth of the rows that it expects
    for their number. That looks worse than a plan made for the number given, so PostgreSQL plans
    the statement anew for each run. With the number in its text the statement is planned once.

    It is so for pages of a table, or of a range of it. Where an equation picks the rows, as those
    of a customer, the limit stays a parameter: a plan for the usual customer, who has fewer rows
    than it allows, sorts all rows, and would then do so for the greatest. Row-level security may
    hold such an equation, so in a scope the limit is a parameter as well.
    """

    __slots__ = ("_before", "_counts", "_sql", "_texts")

    def __init__(self, sql: str, place: int) -> None:
        self._sql = sql
        self._before = sql[:place]
        self._texts: dict[int, str] = {}
        self._counts: dict[int, int] = {}

    def choose(self, args: list[Any]) -> Part:
        if current.get():
            return self._sql, args
        limit = int(args[-1])
        text = self._texts.get(limit)
        if text is None:
            if len(self._texts) < _WRITTEN_LIMITS:
                self._count(limit)
            return self._sql, args
        return text, args[:-1]

    def _count(self, limit: int) -> None:
        if len(self._counts) > _COUNTED_LIMITS:
            self._counts.clear()
        self._counts[limit] = count = self._counts.get(limit, 0) + 1
        if count >= _USUAL:
            self._texts[limit] = f"{self._before}{limit}"
            self._counts.clear()


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


def _arrays(fragments: list[Fragment]) -> list[tuple[int, bool]]:
    """Which parameters are arrays, and whether they are compared with `<> ALL`."""
    found: list[tuple[int, bool]] = []
    before = ""
    for position, fragment in enumerate(_parameters(fragments)):
        if fragment is ARRAY:
            before = _text_before(fragments, position)
            found.append((position, before.rfind(NONE_OF) > before.rfind(" = ANY(")))
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
