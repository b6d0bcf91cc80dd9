"""What the original engine answers to raw parameters is what `raw_matrix.json` says.

The native engine declared the types of parameters, the WASM build does not: `raw_types.py` says
which, and the oracle's driver sends them.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
import raw_matrix

from .compare import Comparison
from .world import Side

# Of each place every so many of the values: the whole matrix takes minutes.
_STEP: Final = 12


def _some(number: int, context: str) -> list[str]:
    known = [value for value in raw_matrix.VALUES if raw_matrix.is_known(context, value)]
    return known[number % _STEP :: _STEP]


async def test_answers_of_the_original(
    original_side: Side, comparison: Comparison, pytestconfig: pytest.Config
) -> None:
    """A part of the matrix, another one of each place; with `--record` all of it is written."""
    ours = comparison.ours
    for side in (original_side, ours):
        await side.connection.execute(raw_matrix.DEFINITION)
    if pytestconfig.getoption("--record"):
        await _record(original_side, ours)
    written = raw_matrix.load()["original"]
    differing: dict[str, Any] = {}
    for number, context in enumerate(raw_matrix.CONTEXTS):
        some = _some(number, context)
        found = await raw_matrix.answers(original_side.client, original_side.fields, context, some)
        for value, answer in found.items():
            if not raw_matrix.are_same(answer, written[context][value]):
                differing[f"{value} {context}"] = (answer, written[context][value])
    assert not differing


async def _record(original: Side, ours: Side) -> None:
    raw_matrix.store(await _all(original), await _all(ours))


async def _all(side: Side) -> dict[str, raw_matrix.Answers]:
    return {
        context: await raw_matrix.answers(side.client, side.fields, context, raw_matrix.VALUES)
        for context in raw_matrix.CONTEXTS
    }
