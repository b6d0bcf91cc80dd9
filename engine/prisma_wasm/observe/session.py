"""A connection whose statements are watched on their way: they get tags, spans, or both."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from prisma_wasm.driver import Column
from prisma_wasm.execute.run import Session
from prisma_wasm.observe.spans import NOTHING, Spans
from prisma_wasm.observe.tags import Tags, is_worth_keeping, with_tags
from prisma_wasm.raw_parameters import Parameters

ResultT = TypeVar("ResultT")


class RawSession(Session, Protocol):
    """A session for the statements of plans, and for those that callers wrote."""

    async def fetch_raw(
        self, sql: str, given: Parameters, *, keep: bool = True
    ) -> tuple[list[Column], list[Any]]: ...

    async def execute_raw(self, sql: str, given: Parameters, *, keep: bool = True) -> int: ...


def watched(
    action: Callable[[RawSession], Awaitable[ResultT]], tags: Tags | None, spans: Spans | None
) -> Callable[[RawSession], Awaitable[ResultT]]:
    """The same action, with its statements watched."""
    if spans is not None and not spans.is_recording:
        spans = None
    if tags is None and spans is None:
        return action
    return lambda connection: action(_Watched(connection, tags, spans))


class _Watched:
    """A connection, as long as one action uses it."""

    __slots__ = ("_connection", "_spans", "_tags")

    def __init__(self, connection: RawSession, tags: Tags | None, spans: Spans | None) -> None:
        self._connection = connection
        self._tags = tags
        self._spans = spans

    async def fetch(
        self, sql: str, args: list[Any], *, keep: bool = True, ends: bool = False
    ) -> list[Any]:
        # Each statement has a span of its own, the COMMIT too.
        return await self._run(self._connection.fetch, sql, args, keep=keep)

    async def execute(self, sql: str, args: list[Any], *, keep: bool = True) -> int:
        return await self._run(self._connection.execute, sql, args, keep=keep)

    @property
    def database(self) -> str:
        return self._connection.database

    can_send = False

    async def send(self, sql: str, args: list[Any]) -> None:
        await self.execute(sql, args)

    async def fetch_raw(
        self, sql: str, given: Parameters, *, keep: bool = True
    ) -> tuple[list[Column], list[Any]]:
        return await self._run(self._connection.fetch_raw, sql, given, keep=keep)

    async def execute_raw(self, sql: str, given: Parameters, *, keep: bool = True) -> int:
        return await self._run(self._connection.execute_raw, sql, given, keep=keep)

    async def begin(self) -> bool:
        started = time.time_ns()
        is_begun = await self._connection.begin()
        if is_begun and self._spans is not None:
            self._spans.past_statement("BEGIN", started)
        return is_begun

    async def commit(self) -> None:
        with self._span("COMMIT", [], raw=False):
            await self._connection.commit()

    async def rollback(self) -> None:
        with self._span("ROLLBACK", [], raw=False):
            await self._connection.rollback()

    async def _run(
        self,
        run: Callable[..., Awaitable[ResultT]],
        sql: str,
        args: list[Any] | Parameters,
        *,
        keep: bool,
    ) -> ResultT:
        raw = isinstance(args, Parameters)
        with self._span(sql, args.values if isinstance(args, Parameters) else args, raw=raw):
            tags = self._tags
            if tags is None:
                return await run(sql, args, keep=keep)
            text = with_tags(tags, sql, raw=raw)
            return await run(text, args, keep=keep and is_worth_keeping(text))

    def _span(self, sql: str, args: list[Any], *, raw: bool) -> AbstractContextManager[object]:
        if self._spans is None:
            return NOTHING
        return self._spans.statement(sql, is_callers=raw, has_values=bool(args))
