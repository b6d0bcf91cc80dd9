"""Cancel asyncio tasks reliably."""

import asyncio
from collections.abc import Iterable
from typing import Any

_RETRY_SECONDS = 1.0  # until a task that did not end is cancelled again


async def cancel_and_wait(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended; drop their results and errors.

    Libraries sometimes swallow a cancellation, so cancel each task until it ends.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_RETRY_SECONDS)
        for task in done:
            if not task.cancelled():
                task.exception()  # asyncio logs errors that nobody retrieves
