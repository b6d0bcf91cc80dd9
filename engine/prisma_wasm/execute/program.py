"""A compiled plan, ready to run with any values of its shape."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast

from prisma_wasm.execute.bulk import RowPlan, row_plan
from prisma_wasm.execute.control import compile_node
from prisma_wasm.execute.rewrites import with_arrays
from prisma_wasm.execute.run import Run, Session
from prisma_wasm.execute.sql import has_lists
from prisma_wasm.execute.together import together
from prisma_wasm.execute.values import Scope
from prisma_wasm.plan import Node


class Program:
    """A plan as functions; `row` is how to insert many rows, if the plan inserts one."""

    __slots__ = ("_root", "_slots", "is_one_statement", "row", "weight")

    def __init__(self, plan: Any, weight: int, *, as_text: bool = False) -> None:
        scope = Scope(as_text=as_text)
        self._root = compile_node(together(cast("Node", plan)), scope)
        self._slots = scope.size
        self.is_one_statement: bool = _is_one_statement(plan)
        self.row: RowPlan | None = row_plan(plan)
        self.weight = weight

    def run(self, values: list[Any], session: Session) -> Awaitable[Any]:
        """The answer for these values."""
        return self._root(Run(values, self._slots, session))


def _is_one_statement(node: Node) -> bool:
    """Whether a plan fetches the rows of one statement, and sends no other."""
    match node["type"]:
        case "query":
            return not has_lists(with_arrays(node["args"]["fragments"]))
        case "dataMap" | "validate" | "process":
            return _is_one_statement(node["args"]["expr"])
        case "unique" | "reverse" | "required":
            return _is_one_statement(node["args"])
        case "mapField":
            return _is_one_statement(node["args"]["records"])
        case _:
            return False
