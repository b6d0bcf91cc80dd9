"""Cancelling a coroutine at each of its await points, one after the other."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Literal

# While the awaited is not done, or in the moment between that and the coroutine's going on.
Moment = Literal["waiting", "done"]
_MOST_STEPS = 500


@types.coroutine
def _cancelled_at(
    coroutine: Coroutine[Any, Any, Any], step: int, moment: Moment
) -> Generator[Any, Any, bool]:
    """Run it, and cancel it where it waits for the `step`-th time; whether it came so far."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    count, error = 0, None

    def cancel(_done: object) -> None:
        task.cancel()

    while True:
        try:
            awaited = coroutine.send(None) if error is None else coroutine.throw(error)
        except StopIteration:
            return count >= step
        count, error = count + 1, None
        if count == step:
            if moment == "done" and awaited is not None:
                awaited.add_done_callback(cancel)
            else:
                loop.call_soon(task.cancel)
        try:
            yield awaited
        except BaseException as raised:
            error = raised


async def cancel_everywhere(
    operation: Callable[[], Coroutine[Any, Any, Any]],
    check: Callable[[], Awaitable[None]],
    moment: Moment,
    *,
    before: Callable[[], Awaitable[None]] | None = None,
) -> int:
    """Run the operation again and again, cancelled one step later each time; how often that was.

    `check` is called after each run. An operation may swallow a cancellation only at its end.
    """
    for step in range(1, _MOST_STEPS):
        if before is not None:
            await before()

        async def run(step: int = step) -> bool:
            return await _cancelled_at(operation(), step, moment)

        task = asyncio.create_task(run())
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        await check()
        if outcome is False:
            return step - 1
        if outcome is not True and not isinstance(outcome, asyncio.CancelledError):
            raise AssertionError(f"cancelled at step {step}: {outcome!r}") from outcome
    raise AssertionError(f"it never ends in {_MOST_STEPS} steps")
