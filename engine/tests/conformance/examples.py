"""Examples of Hypothesis for tests that live in an event loop."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import HealthCheck, given, settings

_SETTINGS = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def check(examine: Callable[..., Coroutine[Any, Any, None]], **drawn: Any) -> None:
    """Try examples, drawn in a thread: Hypothesis calls plain functions, the client has a loop."""
    loop = asyncio.get_running_loop()

    @_SETTINGS
    @given(**drawn)
    def example(**values: Any) -> None:
        asyncio.run_coroutine_threadsafe(examine(**values), loop).result(20)

    await asyncio.to_thread(example)
