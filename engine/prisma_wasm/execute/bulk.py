"""Inserting many rows with the plan of one.

The compiler writes every row of a `createMany` into its plan, so that each number of rows would be
a shape of its own and a large one a very large plan. Instead the plan of a single row is taken
apart: its text before, in and after the row, its arguments, and what is generated for it. The rows
go into as few statements as the limit of parameters allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

from prisma_wasm.execute.run import Run, Session
from prisma_wasm.execute.sql import PARAMETER_LIMIT, Statement
from prisma_wasm.execute.values import Evaluate, Scope, compile_value
from prisma_wasm.plan import Fragment, Node

_ROWS_LIMIT: Final = 1_000
_BEFORE_ROW: Final = " VALUES ("


class BulkInsert:
    """The insertion of rows of one shape."""

    __slots__ = ("_after", "_before", "_bindings", "_pieces", "_slots", "_statement")

    def __init__(
        self,
        before: str,
        pieces: list[str],
        after: str,
        statement: Statement,
        bindings: list[tuple[int, Evaluate]],
        slots: int,
    ) -> None:
        self._before = before
        self._pieces = pieces
        self._after = after
        self._statement = statement
        self._bindings = bindings
        self._slots = slots

    async def run(self, rows: list[list[Any]], session: Session) -> int:
        """Insert the rows; how many there are now. The caller has opened a transaction."""
        total = 0
        for sql, args in self._statements(rows, session):
            total += await session.execute(sql, args, keep=len(rows) == 1)
        return total

    def fits_one_statement(self, count: int) -> bool:
        return count <= self._step

    @property
    def _step(self) -> int:
        return max(1, min(_ROWS_LIMIT, PARAMETER_LIMIT // max(1, len(self._pieces) - 1)))

    def _statements(
        self, rows: list[list[Any]], session: Session
    ) -> Iterator[tuple[str, list[Any]]]:
        run = Run([], self._slots, session)
        step = self._step
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            yield self._text(len(part)), self._arguments(run, part)

    def _text(self, count: int) -> str:
        numbers = iter(range(1, count * (len(self._pieces) - 1) + 1))
        rows = [
            "".join(
                piece if last else f"{piece}${next(numbers)}"
                for piece, last in self._marked_pieces()
            )
            for _row in range(count)
        ]
        return self._before + "), (".join(rows) + self._after

    def _marked_pieces(self) -> Iterator[tuple[str, bool]]:
        end = len(self._pieces) - 1
        return ((piece, position == end) for position, piece in enumerate(self._pieces))

    def _arguments(self, run: Run, rows: list[list[Any]]) -> list[Any]:
        args: list[Any] = []
        for values in rows:
            run.values = values
            for place, evaluate in self._bindings:
                run.frame[place] = evaluate(run)
            args += self._statement.arguments(run)
        return args


def bulk_insert(plan: Any) -> BulkInsert | None:
    """The plan of one row as that of many; None if it is not such a plan."""
    root = cast("Node", plan)
    if root["type"] != "dataMap" or root["args"]["structure"]["type"] != "affectedRows":
        return None
    scope = Scope()
    bindings: list[tuple[int, Evaluate]] = []
    statement = _insertion(root["args"]["expr"], scope, bindings)
    if statement is None:
        return None
    texts = _texts(statement.fragments)
    if texts is None:
        return None
    head, between, tail = texts
    before, marker, first = head.rpartition(_BEFORE_ROW)
    last, bracket, after = tail.partition(")")
    if not marker or not bracket or not before.startswith("INSERT INTO "):
        return None
    pieces = [first, *between, last]
    return BulkInsert(before + marker, pieces, bracket + after, statement, bindings, scope.size)


def _insertion(node: Node, scope: Scope, bindings: list[tuple[int, Evaluate]]) -> Statement | None:
    """The statement within what is generated for it."""
    if node["type"] == "execute":
        return Statement(node["args"], scope)
    if node["type"] != "let":
        return None
    for binding in node["args"]["bindings"]:
        expr = binding["expr"]
        if expr["type"] != "value":
            return None
        evaluate = compile_value(expr["args"], scope)
        bindings.append((scope.bind(binding["name"]), evaluate))
    return _insertion(node["args"]["expr"], scope, bindings)


def _texts(fragments: list[Fragment]) -> tuple[str, list[str], str] | None:
    """The texts before, between and after the parameters."""
    texts = [""]
    for fragment in fragments:
        if fragment["type"] == "stringChunk":
            texts[-1] += fragment["chunk"]
        elif fragment["type"] == "parameter":
            texts.append("")
        else:
            return None
    return (texts[0], texts[1:-1], texts[-1]) if len(texts) > 1 else None
