"""Runs a function that blocks for long, while the event loop goes on."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")


async def in_thread(function: Callable[..., ResultT], *arguments: Any) -> ResultT:
    """Return what the function returns, or raise what it raises.

    Unlike `asyncio.to_thread` it keeps neither the event loop nor the process alive: a caller that
    is cancelled, and Ctrl-C, do not wait for the function.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[ResultT] = loop.create_future()
    context = contextvars.copy_context()

    def succeed(result: ResultT) -> None:
        if not answer.done():
            answer.set_result(result)

    def fail(error: BaseException) -> None:
        if not answer.done():
            answer.set_exception(error)

    def run() -> None:
        try:
            result = context.run(function, *arguments)
        except BaseException as error:
            deliver(fail, error)
        else:
            deliver(succeed, result)

    def deliver(how: Callable[[Any], None], what: object) -> None:
        with suppress(RuntimeError):  # the event loop has ended, and nobody waits
            loop.call_soon_threadsafe(how, what)

    threading.Thread(target=run, name="prisma-wasm-blocking", daemon=True).start()
    return await answer
