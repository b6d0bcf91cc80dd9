"""Who waits for something, in the order in which they came, and each for a limited time."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

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

    Who waits for too long gets the error that `too_late` makes of the limit. What somebody was
    given who gives up in that very moment goes to `unwanted`.
    """

    def __init__(
        self, too_late: Callable[[float], Exception], unwanted: Callable[[T], None]
    ) -> None:
        self._too_late = too_late
        self._unwanted = unwanted
        self._waiting: deque[_Waiter[T]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ends = math.inf

    def __len__(self) -> int:
        return len(self._waiting)

    async def wait(self, limit: float | None) -> T:
        """What is given to the caller; without a limit there is no end to waiting."""
        loop = asyncio.get_running_loop()
        seconds = math.inf if limit is None else limit
        waiter = _Waiter[T](loop.create_future(), seconds, loop.time() + seconds)
        if waiter.until < self._timer_ends:
            self._set_timer(waiter.until, loop)
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
        self._stop_timer()
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

    def _set_timer(self, ends: float, loop: asyncio.AbstractEventLoop) -> None:
        self._stop_timer()
        self._timer = loop.call_at(ends, self._send_away, ends, loop)
        self._timer_ends = ends

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_ends = None, math.inf

    def _send_away(self, ended: float, loop: asyncio.AbstractEventLoop) -> None:
        """End the waits whose time has come; the timer is for the next one from here on."""
        self._stop_timer()
        now = max(ended, loop.time())  # a loop may call a bit too early
        next_ = math.inf
        for _ in range(len(self._waiting)):  # once around, so that the order stays
            waiter = self._waiting.popleft()
            if waiter.until > now:
                self._waiting.append(waiter)
                next_ = min(next_, waiter.until)
            elif not waiter.future.done():
                waiter.future.set_exception(self._too_late(waiter.limit))
        if next_ < math.inf:
            self._set_timer(max(next_, now + len(self._waiting) * _PAUSE), loop)
