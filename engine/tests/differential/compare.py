"""Runs steps on both sides and finds where they part."""

from __future__ import annotations

import asyncio
from collections import Counter

from . import allowed
from .calls import Step
from .difference import ORIGINALS, OURS, Difference
from .outcome import outcome_of
from .world import Side


class Comparison:
    """Two sides, kept equal."""

    def __init__(self, original: Side, ours: Side) -> None:
        self._sides = (original, ours)
        self.allowed: Counter[str] = Counter()

    @property
    def ours(self) -> Side:
        """The side of our engine."""
        return self._sides[1]

    async def restore(self) -> None:
        """Back to the rows of the beginning."""
        await asyncio.gather(*(side.restore() for side in self._sides))

    async def compare(self, step: Step) -> Difference | None:
        """Run one step on both; None if they agree, or differ in a way that is allowed."""
        original, ours = await asyncio.gather(*(outcome_of(step, side) for side in self._sides))
        rows = await self._compare_rows() if step.is_write else ""
        if not rows and original == ours:
            return None
        difference = Difference(step, original, ours, rows)
        reason = allowed.reason(difference)
        if reason is None:
            return difference
        self.allowed[reason] += 1
        if rows:
            await self.restore()
        return None

    async def leaves_random_ids(self) -> bool:
        """Whether rows have got ids that are not the same on both sides."""
        return any("generated" in row for row in await self._sides[0].rows("Note"))

    async def _compare_rows(self) -> str:
        await asyncio.gather(*(side.realign() for side in self._sides))
        first, second = await asyncio.gather(*(side.digest() for side in self._sides))
        tables = [
            name
            for name in sorted(first.keys() | second.keys())
            if first.get(name) != second.get(name)
        ]
        return "\n".join([await self._rows_that_differ(table) for table in tables])

    async def _rows_that_differ(self, table: str) -> str:
        first, second = await asyncio.gather(*(side.rows(table) for side in self._sides))
        lines = [f"{ORIGINALS}{table}: {row}" for row in _without(first, second)]
        lines += [f"{OURS}{table}: {row}" for row in _without(second, first)]
        return "\n".join(lines) or f"  {table}: the same rows"


def _without(rows: list[str], others: list[str]) -> list[str]:
    left = list(others)
    missing: list[str] = []
    for row in rows:
        if row in left:
            left.remove(row)
        else:
            missing.append(row)
    return missing
