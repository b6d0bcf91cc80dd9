"""Where the database is and with which password: fixed, or asked for with each new connection."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from prisma_wasm.address import Address, parse
from prisma_wasm.errors import QueryError
from prisma_wasm.running_time import running_timeout

Source = str | Callable[[], str | Awaitable[str]]
"""A text, or what gives it: a function, which is called in a thread, or a coroutine function."""

_LIMIT: Final = 10.0


class Credentials:
    """Gives the address of each new connection."""

    def __init__(self, url: Source, password: Source | None = None) -> None:
        self._url = url
        self._password = password
        self._fixed = parse(url) if isinstance(url, str) else None

    async def url_address(self) -> Address:
        """The address as the URL has it, without asking for the password."""
        return self._fixed or parse(await _ask(self._url, "url"))

    async def address(self) -> Address:
        """The address for a new connection."""
        address = await self.url_address()
        if self._password is None:
            return address
        return replace(address, password=await _ask(self._password, "password"))


async def _ask(source: Source, name: str) -> str:
    if isinstance(source, str):
        return source
    try:
        async with running_timeout(_LIMIT):
            is_async = inspect.iscoroutinefunction(source)
            # What blocks, a request to a cloud's metadata say, must not hold up the event loop.
            answer = source() if is_async else await asyncio.to_thread(source)
            text = await answer if inspect.isawaitable(answer) else answer
    except TimeoutError as error:
        raise _failed(name, f"did not answer within {_LIMIT:g} s") from error
    except Exception as error:
        raise _failed(name, f"failed: {type(error).__name__}: {error}") from error
    if not isinstance(text, str):
        raise _failed(name, f"gave a value of type {type(text).__name__}, not str")
    return text


def _failed(name: str, how: str) -> QueryError:
    return QueryError("P1000", f"The client's `{name}` callback {how}")
