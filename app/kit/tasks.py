"""Ending asyncio tasks for certain."""

import asyncio
from collections.abc import Iterable
from typing import Any

_PATIENCE = 1.0  # seconds until a task that did not end is cancelled again


async def cancel_and_wait(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended; their results and errors are dropped.

    Libraries swallow a cancellation at times, so each task is cancelled until it ends.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_PATIENCE)
        for task in done:
            if not task.cancelled():
                task.exception()  # retrieved, so that asyncio does not log it as forgotten
