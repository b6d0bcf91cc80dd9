"""An event loop whose clock is moved by its timers, so that a test waits for nothing.

    @in_fake_time
    async def test_something() -> None:
        await asyncio.sleep(60)  # returns at once, 60 seconds later by the loop's clock

Tests of deadlines are exact with it, however loaded the machine is.
"""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable
from typing import Any


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that skips to its next timer when nothing else is left to do."""

    def __init__(self) -> None:
        super().__init__(_SkippingSelector(self.advance))
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock without running anything, as code does that blocks the loop."""
        self._now += seconds


class _SkippingSelector(selectors.DefaultSelector):
    """Move the clock instead of waiting; raise RuntimeError if no timer would end the wait."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("The test waits for something that never comes.")
        if timeout > 0:
            self._advance(timeout)
        return super().select(0)


def in_fake_time(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own with a fake clock."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def call() -> None:
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=FakeTimeLoop) as runner:
            runner.run(call())

    return run


def fake_loop() -> FakeTimeLoop:
    """Return the running loop of a test in fake time."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, FakeTimeLoop)
    return loop
