"""Time limits that count only the time in which the event loop ran.

While a callback blocks the loop, no wait can end: answers that have arrived are not read, and
nothing is released. A limit that counted this time would refuse queries of an idle server. So a
timer looks at the clock every `TICK`: the loop was blocked for as long as the look comes late.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Final

TICK: Final = 0.1
_LATE: Final = 0.05  # what a loop that has much to do, or a busy machine, may be late


class RunningTimer:
    """A timer of an event loop; its clock is the loop's without the time that does not count.

    `on_time` gets the time by this clock.
    """

    def __init__(self, on_time: Callable[[float], None]) -> None:
        self._on_time = on_time
        self._handle: asyncio.TimerHandle | None = None
        self._was_late = False
        self._blocked = 0.0
        self._due = math.inf
        self.until = math.inf

    def time(self, loop: asyncio.AbstractEventLoop) -> float:
        """Return the time by the timer's clock, which knows of blocks since the timer was set."""
        if self._handle is not None:
            self._notice_block(loop)
        return loop.time() - self._blocked

    def set(self, until: float, loop: asyncio.AbstractEventLoop) -> None:
        """Have the timer call at that time by its clock, and not at an earlier setting's."""
        if self._handle is None:
            self._was_late = False
        else:
            self._notice_block(loop)
            self._handle.cancel()
        self.until = until
        if until < math.inf:
            self._schedule(loop)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle, self.until = None, math.inf

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = min(self.until + self._blocked, loop.time() + TICK)
        self._handle = loop.call_at(self._due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._notice_block(loop):
            self._was_late = False
        now = max(self._due, loop.time()) - self._blocked  # a loop may call a bit too early
        if now < self.until:
            self._schedule(loop)
            return
        self._handle, self.until = None, math.inf
        self._on_time(now)

    def _notice_block(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Take the time for which a look is overdue as one in which the loop was blocked."""
        late = loop.time() - self._due
        if late <= _LATE:
            return False
        # The loop may have been blocked for a while before the look was due, and what has come in
        # meanwhile is still to be read. Where all looks are late, each counts for a tick.
        self._blocked += late if self._was_late else late + TICK
        self._due += late
        self._was_late = True
        return True


@asynccontextmanager
async def running_timeout(seconds: float | None) -> AsyncGenerator[None]:
    """Raise TimeoutError if the block takes longer, as `asyncio.timeout` does; None is no limit."""
    if seconds is None:
        yield
        return
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as scope:
        timer = RunningTimer(lambda _: scope.reschedule(loop.time()))
        timer.set(loop.time() + seconds, loop)
        try:
            yield
        finally:
            timer.stop()
