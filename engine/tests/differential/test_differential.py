"""Random queries to our engine and to the original one: answers, errors and rows are the same."""

from __future__ import annotations

from typing import Any

import pytest

from .calls import Call
from .compare import Comparison
from .conftest import Sides
from .runs import run
from .world import Side

SHORT_SEEDS = (1, 2, 3, 4)
SHORT_STEPS = 200
FULL_SEEDS = range(100, 140)
FULL_STEPS = 250


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        config = metafunc.config
        chosen: Any = config.getoption("--seed", default=None)
        seeds = FULL_SEEDS if config.getoption("--full", default=False) else SHORT_SEEDS
        metafunc.parametrize("seed", seeds if chosen is None else (chosen,))


async def test_random_queries_agree(
    comparison: Comparison, seed: int, pytestconfig: pytest.Config
) -> None:
    """The queries of a seed give the same answers, errors and rows on both sides."""
    is_full = pytestconfig.getoption("--full", default=False)
    steps = pytestconfig.getoption("--steps", default=None)
    report = await run(comparison, seed, steps or (FULL_STEPS if is_full else SHORT_STEPS))
    assert not report.differences, report.text()


async def test_the_original_agrees_with_itself(sides: Sides, original_side: Side) -> None:
    """The comparison finds no difference where there is none: nothing random is compared."""
    itself = Comparison(original_side, await sides.original())
    report = await run(itself, seed=5, steps=150)
    assert not report.differences, report.text()


async def test_a_difference_is_found(sides: Sides, original_side: Side) -> None:
    """A row that one database lacks is seen in an answer and in the rows."""
    other = await sides.original()
    comparison = Comparison(original_side, other)
    await comparison.restore()
    await other.connection.execute("UPDATE \"Group\" SET title = title || '!' WHERE key = 'beta'")
    read = await comparison.compare(Call("Group", "find_many", {}))
    assert read
    assert "!" in read.text()
    write = await comparison.compare(Call("Team", "delete_many", {"where": {"id": 99}}))
    assert write
    assert "only in our Group" in write.text()
