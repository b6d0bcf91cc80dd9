"""Inserting many rows with the plans of single ones.

The compiler writes every row of a `createMany` into its plan, so that each number of rows would be
a shape of its own and a large one a very large plan. Instead the plan of a single row of each shape
is taken apart: its table, its columns and what stands in them, its arguments, what is generated for
it. Many rows with the same columns go as arrays (`arrays.py`), others into as few statements as the
limit of parameters allows; a column that a row does not have gets its default, as in the compiler's
own statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar, cast

from prisma_wasm.conversions import Convert
from prisma_wasm.execute import arrays
from prisma_wasm.execute.arrays import HOLE
from prisma_wasm.execute.run import Run, Session
from prisma_wasm.execute.sql import PARAMETER_LIMIT, Statement
from prisma_wasm.execute.values import Evaluate, Scope, compile_value
from prisma_wasm.mapping import Context, compile_mapping
from prisma_wasm.plan import DataMapArgs, Fragment, Node, TemplateSql

ResultT = TypeVar("ResultT", covariant=True)

_ROWS_LIMIT: Final = 1_000
_INTO: Final = "INSERT INTO "
_IDENTIFIER: Final = r'"(?:[^"]|"")*"'
_INSERTION: Final = re.compile(
    rf"(INSERT INTO (?:{_IDENTIFIER}\.)?{_IDENTIFIER}) "  # noqa: S608  # reads SQL, makes none
    rf"(?:\(({_IDENTIFIER}(?:,{_IDENTIFIER})*)\) VALUES \((.*)\)|DEFAULT VALUES)"
    r"((?: ON CONFLICT DO NOTHING)?(?: RETURNING .*)?)",
    re.DOTALL,
)


@dataclass(slots=True)
class RowPlan:
    """How to insert a row of one shape: `holders` are the expressions of its columns, `answer`
    makes records of the rows that the statement returns, if it returns them."""

    table: str
    holders: dict[str, str]
    after: str
    statement: Statement
    bindings: list[tuple[int, Evaluate]]
    slots: int
    answer: Convert | None = None

    def arguments(self, run: Run, values: list[Any]) -> list[Any]:
        """The parameters of one row."""
        run.values = values
        for place, evaluate in self.bindings:
            run.frame[place] = evaluate(run)
        return self.statement.arguments(run)


Runs = list[tuple[RowPlan, list[list[Any]]]]
"""Rows in runs of the same shape."""


def fits_one_statement(runs: Runs) -> bool:
    """Whether no transaction is needed around the insertion."""
    count = sum(len(rows) for _plan, rows in runs)
    return count <= (1 if not _columns(runs) else _step(runs))


async def insert(runs: Runs, session: Session) -> int:
    """Insert the rows; how many there are now."""
    return sum(await _send(runs, session, session.execute))


async def insert_and_return(runs: Runs, session: Session, answer: Convert) -> list[Any]:
    """Insert the rows, and return their records in the order of the rows."""
    return answer([row for part in await _send(runs, session, session.fetch) for row in part])


class _Sending(Protocol[ResultT]):
    """What a session does with a statement."""

    async def __call__(self, sql: str, args: list[Any], *, keep: bool = True) -> ResultT: ...


async def _send(runs: Runs, session: Session, send: _Sending[ResultT]) -> list[ResultT]:
    """Insert the rows; what came back for each statement."""
    if statements := await _as_arrays(runs, session):
        return [await send(sql, args) for sql, args in statements]
    is_single = len(runs) == 1 and len(runs[0][1]) == 1
    return [await send(sql, args, keep=is_single) for sql, args in _statements(runs, session)]


async def _as_arrays(runs: Runs, session: Session) -> list[tuple[str, list[Any]]] | None:
    """The statements that insert arrays of columns; None if the rows are too few, or don't fit."""
    first = runs[0][0]
    if sum(len(rows) for _plan, rows in runs) < arrays.WORTH_IT:
        return None
    if any(plan.holders != first.holders for plan, _rows in runs):
        return None
    types = await arrays.column_types(first.table.removeprefix(_INTO), first.holders, session)
    if not types:
        return None
    arguments: list[list[Any]] = []
    for plan, rows in runs:
        run = Run([], plan.slots, session)
        arguments += [plan.arguments(run, values) for values in rows]
    sql = arrays.statement(first.table, first.holders, types, first.after)
    return [(sql, args) for args in arrays.columns(arguments)]


def _columns(runs: Runs) -> list[str]:
    """The columns of any of the rows, in the order of the first row that has them."""
    return list(dict.fromkeys(column for plan, _rows in runs for column in plan.holders))


def _step(runs: Runs) -> int:
    """How many rows a statement takes at the least."""
    widest = max(
        sum(holder.count(HOLE) for holder in plan.holders.values()) for plan, _rows in runs
    )
    return max(1, min(_ROWS_LIMIT, PARAMETER_LIMIT // max(1, widest)))


def _statements(runs: Runs, session: Session) -> Iterator[tuple[str, list[Any]]]:
    first = runs[0][0]
    columns = _columns(runs)
    if not columns:
        for _plan, rows in runs:
            for _row in rows:
                yield f"{first.table} DEFAULT VALUES{first.after}", []
        return
    before = f"{first.table} ({','.join(columns)}) VALUES "
    texts: list[str] = []
    args: list[Any] = []
    step = _step(runs)
    for plan, rows in runs:
        row = f"({','.join(plan.holders.get(column, 'DEFAULT') for column in columns)})"
        pieces, order = row.split(HOLE), _order(plan, columns)
        run = Run([], plan.slots, session)
        for values in rows:
            texts.append(_numbered(pieces, len(args)))
            own = plan.arguments(run, values)
            args += [own[position] for position in order]
            if len(texts) == step:
                yield before + ", ".join(texts) + first.after, args
                texts, args = [], []
    if texts:
        yield before + ", ".join(texts) + first.after, args


def _order(plan: RowPlan, columns: list[str]) -> list[int]:
    """Which of a row's parameters come in which order, when its columns come in this one."""
    positions: dict[str, list[int]] = {}
    taken = 0
    for column, holder in plan.holders.items():
        count = holder.count(HOLE)
        positions[column] = list(range(taken, taken + count))
        taken += count
    return [position for column in columns for position in positions.get(column, ())]


def _numbered(pieces: list[str], taken: int) -> str:
    """A row with the numbers of its parameters."""
    text = pieces[0]
    for number, piece in enumerate(pieces[1:], taken + 1):
        text += f"${number}{piece}"
    return text


def row_plan(plan: Any) -> RowPlan | None:
    """The plan of a `createMany` or `createManyAndReturn` with one row, taken apart; None if it is
    not such a plan."""
    root = cast("Node", plan)
    if root["type"] != "dataMap":
        return None
    counts = root["args"]["structure"]["type"] == "affectedRows"
    scope = Scope()
    bindings: list[tuple[int, Evaluate]] = []
    statement = _insertion(root["args"]["expr"], scope, bindings, "execute" if counts else "query")
    found = None if statement is None else _INSERTION.fullmatch(_text(statement.fragments))
    if statement is None or found is None:
        return None
    holders: dict[str, str] = {}
    if found[2] is not None:
        columns, expressions = re.findall(_IDENTIFIER, found[2]), _split(found[3])
        if len(columns) != len(expressions):
            return None
        holders = dict(zip(columns, expressions, strict=True))
    answer = None if counts else _answer(root["args"])
    return RowPlan(found[1], holders, found[4], statement, bindings, scope.size, answer)


def _insertion(
    node: Node, scope: Scope, bindings: list[tuple[int, Evaluate]], kind: str
) -> Statement | None:
    """The statement within what is generated for it."""
    if node["type"] == kind and (node["type"] == "execute" or node["type"] == "query"):
        template = node["args"]
        is_insertion = template["type"] == "templateSql" and _begins(template, _INTO)
        return Statement(template, scope) if is_insertion else None
    if node["type"] != "let":
        return None
    for binding in node["args"]["bindings"]:
        match binding["expr"]:
            case {"type": "value", "args": value}:
                bindings.append((scope.bind(binding["name"]), compile_value(value, scope)))
            case _:
                return None
    return _insertion(node["args"]["expr"], scope, bindings, kind)


def _begins(template: TemplateSql, text: str) -> bool:
    first = template["fragments"][0]
    return first["type"] == "stringChunk" and first["chunk"].startswith(text)


def _answer(args: DataMapArgs) -> Convert:
    return compile_mapping(args["structure"], Context(args["enums"], as_text=False))


def _text(fragments: list[Fragment]) -> str:
    """A statement's text with holes for its parameters."""
    return "".join(
        fragment["chunk"] if fragment["type"] == "stringChunk" else HOLE for fragment in fragments
    )


def _split(expressions: str) -> list[str]:
    """The expressions of a list, parted by its own commas, not by those within them."""
    parts = [""]
    depth = 0
    for piece in re.findall(rf"{_IDENTIFIER}|'(?:[^']|'')*'|.", expressions, re.DOTALL):
        if piece == "," and depth == 0:
            parts.append("")
            continue
        depth += (piece == "(") - (piece == ")")
        parts[-1] += piece
    return parts
