"""Who waits for something, in the order in which they came, and each for a limited time."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from prisma_wasm.running_time import RunningTimer

T = TypeVar("T")

# Seconds between two looks at the line, for each who waits: a look takes a twentieth of that.
_PAUSE: Final = 2e-6


@dataclass(slots=True, eq=False)
class _Waiter(Generic[T]):
    future: asyncio.Future[T]
    limit: float
    until: float


class Line(Generic[T]):
    """A line in one event loop. There is one timer for all who wait, however many come and go.

    A limit does not count the time in which the loop was blocked. Who waits for too long gets the
    error that `too_late` makes of the limit. What somebody was given who gives up in that very
    moment goes to `unwanted`.
    """

    def __init__(
        self, too_late: Callable[[float], Exception], unwanted: Callable[[T], None]
    ) -> None:
        self._too_late = too_late
        self._unwanted = unwanted
        self._waiting: deque[_Waiter[T]] = deque()
        self._timer = RunningTimer(self._send_away)

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(self, limit: float | None) -> T:
        """What is given to the caller; without a limit there is no end to waiting."""
        loop = asyncio.get_running_loop()
        seconds = math.inf if limit is None else limit
        waiter = _Waiter[T](loop.create_future(), seconds, self._timer.time(loop) + seconds)
        if waiter.until < self._timer.until:
            self._timer.set(waiter.until, loop)
        self._waiting.append(waiter)
        try:
            return await waiter.future
        except BaseException:
            self._leave(waiter)
            raise
        finally:
            del waiter  # its error's traceback would lead back to it

    def give(self, what: T) -> bool:
        """Give something to who has waited for longest; False if nobody waits."""
        while self._waiting:
            future = self._waiting.popleft().future
            if not future.done():
                future.set_result(what)
                return True
        return False

    def refuse(self, error: Callable[[], Exception]) -> None:
        """Send everybody away."""
        self._timer.stop()
        while self._waiting:
            future = self._waiting.popleft().future
            if not future.done():
                future.set_exception(error())

    def _leave(self, waiter: _Waiter[T]) -> None:
        future = waiter.future
        if not future.done() or future.cancelled():
            if waiter in self._waiting:
                self._waiting.remove(waiter)
        elif future.exception() is None:
            self._unwanted(future.result())

    def _send_away(self, now: float) -> None:
        """End the waits whose time has come, and set the timer for the next one."""
        next_ = math.inf
        for _ in range(len(self._waiting)):  # once around, so that the order stays
            waiter = self._waiting.popleft()
            if waiter.until > now:
                self._waiting.append(waiter)
                next_ = min(next_, waiter.until)
            elif not waiter.future.done():
                waiter.future.set_exception(self._too_late(waiter.limit))
        if next_ < math.inf:
            until = max(next_, now + len(self._waiting) * _PAUSE)
            self._timer.set(until, asyncio.get_running_loop())
