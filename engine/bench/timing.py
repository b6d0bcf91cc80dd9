"""Timing of coroutines: of many runs, and of what one does before it waits for the first time."""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

Query = Callable[[], Awaitable[Any]]

_SECONDS_A_ROUND = 0.04


async def in_turns(ways: list[Query], rounds: int) -> list[list[float]]:
    """The seconds that a run of each way takes, round by round."""
    repeat = max(5, int(_SECONDS_A_ROUND / await timed(ways[-1], 20)))
    for way in ways:
        await timed(way, 30)
    taken: list[list[float]] = [[] for _ in ways]
    for _ in range(rounds):
        for way, seconds in zip(ways, taken, strict=True):
            seconds.append(await timed(way, repeat))
    return taken


async def timed(query: Query, repeat: int) -> float:
    started = time.perf_counter()
    for _ in range(repeat):
        await query()
    return (time.perf_counter() - started) / repeat


async def until(query: Query, reached: list[float], repeat: int) -> float:
    """The seconds from a call to where it appends the time to `reached`, as a median."""
    taken: list[float] = []
    for _ in range(repeat):
        reached.clear()
        started = time.perf_counter()
        await query()
        taken.append(reached[0] - started)
    return statistics.median(taken)
