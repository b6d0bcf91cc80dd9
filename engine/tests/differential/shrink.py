"""Makes a failing step as small as it can be while it still fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from .calls import Batch, Call, Step, Transaction
from .compare import Comparison
from .difference import Difference
from .shapes import is_dict, is_list

_TRIES: Final = 120


async def shrink(comparison: Comparison, difference: Difference) -> Difference | None:
    """The smallest difference of the same kind on fresh rows; None if it needs earlier steps."""
    await comparison.restore()
    found = await comparison.compare(difference.step)
    if found is None:
        return None
    tries = _TRIES
    progress = True
    while progress and tries > 0:
        progress = False
        for candidate in _smaller(found.step):
            tries -= 1
            await comparison.restore()
            smaller = await comparison.compare(candidate)
            if smaller is not None and smaller.kind == difference.kind:
                found, progress = smaller, True
                break
            if tries <= 0:
                break
    return found


def _smaller(step: Step) -> Iterator[Step]:
    if isinstance(step, Batch | Transaction):
        if len(step.calls) == 1 and isinstance(step, Transaction):
            yield step.calls[0]
        for number, call in enumerate(step.calls):
            if len(step.calls) > 1:
                yield replace(step, calls=step.calls[:number] + step.calls[number + 1 :])
            for smaller in _smaller(call):
                assert isinstance(smaller, Call)
                calls = (*step.calls[:number], smaller, *step.calls[number + 1 :])
                yield replace(step, calls=calls)
        return
    if "call" in step.arguments:  # raw
        return
    for arguments in _without_one(step.arguments):
        yield Call(step.model, step.action, arguments)


def _without_one(value: Any) -> Iterator[Any]:
    """All values with one thing less; the biggest parts go first."""
    if is_dict(value):
        for key in value:
            yield {name: item for name, item in value.items() if name != key}
        for key, item in value.items():
            for smaller in _without_one(item):
                yield value | {key: smaller}
    elif is_list(value):
        for number in range(len(value)):
            yield value[:number] + value[number + 1 :]
        for number, item in enumerate(value):
            for smaller in _without_one(item):
                yield [*value[:number], smaller, *value[number + 1 :]]
