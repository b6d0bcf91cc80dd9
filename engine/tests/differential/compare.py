"""Runs steps on both sides and finds where they part."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from . import allowed
from .calls import Step
from .outcome import Outcome, outcome_of
from .shapes import is_dict, is_list
from .world import Side


@dataclass(frozen=True)
class Difference:
    """A step whose outcomes differ, or after which the databases do."""

    step: Step
    original: Outcome
    ours: Outcome
    rows: str = ""

    @property
    def kind(self) -> str:
        """A short name, the same for differences that look alike."""
        if self.rows:
            return "rows differ"
        return f"{_kind(self.original)} -> {_kind(self.ours)}"

    def text(self) -> str:
        parts = [
            self.step.text(),
            f"  original: {_shown(self.original)}",
            f"  ours:     {_shown(self.ours)}",
        ]
        return "\n".join([*parts, self.rows] if self.rows else parts)


def _kind(outcome: Outcome) -> str:
    error = outcome.get("error")
    return f"{error['class']} {error.get('code')}" if error else "answer"


def _shown(outcome: Outcome) -> str:
    return json.dumps(outcome, ensure_ascii=False, default=str)


class Comparison:
    """Two sides, kept equal."""

    def __init__(self, original: Side, ours: Side) -> None:
        self._sides = (original, ours)

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
        return None if allowed.reason(difference) else difference

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
        lines = [f"  only in the original's {table}: {row}" for row in _without(first, second)]
        lines += [f"  only in our {table}: {row}" for row in _without(second, first)]
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


def changed(first: Any, second: Any, path: str = "") -> list[str]:
    """The paths at which two plain values differ."""
    if is_dict(first) and is_dict(second):
        found: list[str] = []
        for key in first.keys() | second.keys():
            found += changed(
                first.get(key, "<absent>"), second.get(key, "<absent>"), f"{path}.{key}"
            )
        return found
    if is_list(first) and is_list(second) and len(first) == len(second):
        return [
            inner
            for number, (one, other) in enumerate(zip(first, second, strict=True))
            for inner in changed(one, other, f"{path}[{number}]")
        ]
    same = type(first) is type(second) and first == second
    return [] if same else [f"{path}: {first!r} against {second!r}"]
