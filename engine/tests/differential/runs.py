"""A run: steps of one seed, and a report of what differed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .compare import Comparison
from .difference import Difference
from .generate import Generator
from .shrink import shrink

_FRESH_ROWS_EVERY: Final = 25


@dataclass
class Report:
    """The differences of a run, each as small as it could be made."""

    seed: int
    steps: int = 0
    differences: list[tuple[int, Difference, bool]] = field(
        default_factory=list[tuple[int, Difference, bool]]
    )

    def text(self) -> str:
        lines = [f"Seed {self.seed}: {len(self.differences)} of {self.steps} steps differ."]
        for number, difference, stands_alone in self.differences:
            needs = "" if stands_alone else ", after the steps before it"
            lines.append(f"\n# step {number}{needs}: {difference.kind}\n{difference.text()}")
        return "\n".join(lines)


async def run(comparison: Comparison, seed: int, steps: int, *, most: int = 5) -> Report:
    """Compare the steps of a seed, until `most` of them have differed."""
    report = Report(seed)
    await comparison.restore()
    for number, step in enumerate(Generator(seed).steps(steps), 1):
        report.steps = number
        difference = await comparison.compare(step)
        if difference is not None:
            smaller = await shrink(comparison, difference)
            report.differences.append((number, smaller or difference, smaller is not None))
            if len(report.differences) == most:
                break
        is_random = step.is_write and await comparison.leaves_random_ids()
        if difference or is_random or number % _FRESH_ROWS_EVERY == 0:
            await comparison.restore()
    return report
