"""Limits of time for asynchronous tests: what hangs is a failure, not a wait."""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


def asynchronous_tests(items: list[pytest.Item], folder: Path) -> Iterator[pytest.Function]:
    """Yield the asynchronous tests of a folder."""
    for item in items:
        if folder not in item.path.parents or not isinstance(item, pytest.Function):
            continue
        if inspect.iscoroutinefunction(item.obj):
            yield item


def limit(test: pytest.Function, seconds: float) -> None:
    """Let an asynchronous test fail when it takes longer than this."""
    run: Callable[..., Awaitable[None]] = test.obj

    @functools.wraps(run)
    async def within_limit(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(seconds):
            await run(*args, **kwargs)

    test.obj = within_limit
