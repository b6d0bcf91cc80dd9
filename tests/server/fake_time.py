"""An event loop whose clock is moved by its timers, so that tests of deadlines wait for nothing."""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable
from typing import Any

# Both ends of a connection are in this process. What the kernel has not delivered by then, it never
# will: the time that a test of a deadline really takes for each step of the clock.
DELIVERY_SECONDS = 0.01


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that skips to its next timer when no data is left to read."""

    def __init__(self) -> None:
        super().__init__(_SkippingSelector(self._advance))
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def _advance(self, seconds: float) -> None:
        self._now += seconds


class _SkippingSelector(selectors.DefaultSelector):
    """Move the clock instead of waiting; raise RuntimeError if no timer would end the wait."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("The test waits for something that never comes.")
        if timeout <= 0:
            return super().select(0)
        ready = super().select(DELIVERY_SECONDS)
        if not ready:
            self._advance(timeout)
        return ready


def in_fake_time(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own with a fake clock."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def call() -> None:
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=FakeTimeLoop) as runner:
            runner.run(call())

    return run
