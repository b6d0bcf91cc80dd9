"""A compiled plan, ready to run with any values of its shape."""

from __future__ import annotations

from typing import Any, cast

from prisma_wasm.execute.bulk import bulk_insert
from prisma_wasm.execute.control import compile_node
from prisma_wasm.execute.run import Run, Session
from prisma_wasm.execute.values import Scope
from prisma_wasm.plan import Node


class Program:
    """A plan as functions."""

    __slots__ = ("_bulk", "_root", "_slots", "weight")

    def __init__(self, plan: Any, weight: int, *, as_text: bool = False) -> None:
        scope = Scope(as_text=as_text)
        self._root = compile_node(cast("Node", plan), scope)
        self._slots = scope.size
        self._bulk = bulk_insert(plan)
        self.weight = weight

    async def run(self, values: list[Any], session: Session) -> Any:
        """The answer for these values."""
        return await self._root(Run(values, self._slots, session))

    def inserts_at_once(self, count: int) -> bool:
        """Whether so many rows take a single statement; else the caller opens a transaction."""
        return self._bulk.fits_one_statement(count) if self._bulk is not None else count == 1

    async def insert(self, rows: list[list[Any]], session: Session) -> int:
        """Insert rows by the plan of one; how many there are now."""
        if self._bulk is not None:
            return await self._bulk.run(rows, session)
        # A row of nothing but defaults has no list of values that others could join.
        return sum([(await self.run(values, session))["count"] for values in rows])
