"""A step whose outcomes differ, and how to show it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from .calls import Step
from .outcome import Outcome
from .shapes import is_dict, is_list

ORIGINALS: Final = "  only in the original's "
OURS: Final = "  only in our "


@dataclass(frozen=True)
class Difference:
    """A step whose outcomes differ, or after which the databases do."""

    step: Step
    original: Outcome
    ours: Outcome
    rows: str = ""
    """Which rows are on one side only, a line for each."""

    def rows_of_both(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The rows that only the original's database has, and those that only ours has."""
        lines = [line for line in self.rows.split("\n") if ": {" in line]
        rows = [(line, json.loads(line[line.index(": {") + 2 :])) for line in lines]
        return (
            [row for line, row in rows if line.startswith(ORIGINALS)],
            [row for line, row in rows if line.startswith(OURS)],
        )

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
