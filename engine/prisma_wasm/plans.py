"""Compiled plans by shape: each compiled once, off the event loop, and kept while there is room."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

from prisma_wasm.compiler import CompileError, Compiler, CompilerPanicError
from prisma_wasm.errors import QueryError
from prisma_wasm.execute import Program
from prisma_wasm.forking import renew_in_child
from prisma_wasm.protocol import Lifted, query_of
from prisma_wasm.shape import STAND_IN_TEXT, StandIn

ResultT = TypeVar("ResultT")

# A plan's JSON is a fair measure of what its functions take; they are about six times as large.
_WEIGHT_FACTOR: Final = 6
_DEFAULT_ROOM: Final = 48 * 2**20
_NEAR: Final = 20_000


class DerivedStandInError(Exception):
    """A plan calculates with a literal that stands in for a value."""


@dataclass(slots=True)
class PlanMetrics:
    """What the cache did so far."""

    hits: int = 0
    misses: int = 0
    compilations: int = 0
    compile_seconds: float = 0.0


class Plans:
    """The plans of one schema. Many engines may share one; it may be used from any thread."""

    def __init__(self, compiler: Compiler, room: int = _DEFAULT_ROOM) -> None:
        self._compiler = compiler
        self._room = room
        # Two generations: what the old one holds is lost when the young one is full, unless it was
        # asked for again. A look-up is one access to a dict, and the memory has an upper limit.
        self._young: dict[Any, Program] = {}
        self._old: dict[Any, Program] = {}
        self._weight = 0
        self._lock = threading.Lock()
        self._in_flight: dict[Any, Future[Program | None]] = {}
        self.metrics = PlanMetrics()
        renew_in_child(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._in_flight = {}

    def find(self, lifted: Lifted) -> Program | None:
        """The plan of a shape that was compiled before."""
        if lifted.values.has_literals:
            return None
        program = self._young.get(lifted.key)
        if program is not None:
            self.metrics.hits += 1
            return program
        program = self._old.get(lifted.key)
        if program is not None:
            self.metrics.hits += 1
            self._keep(lifted.key, program)
        return program

    async def compile(self, lifted: Lifted) -> Program:
        """Compile in a worker thread; callers with the same shape wait for one another."""
        self.metrics.misses += 1
        if not lifted.values.has_literals:
            program = await _finished(self._compile_once(lifted))
            if program is not None:
                return program
        return await _finished(_worker.submit(self._timed, self._for_values_alone, lifted))

    def _compile_once(self, lifted: Lifted) -> Future[Program | None]:
        with self._lock:
            future = self._in_flight.get(lifted.key)
            if future is None:
                future = _worker.submit(self._timed, self._for_shape, lifted)
                self._in_flight[lifted.key] = future
            return future

    def _for_shape(self, lifted: Lifted) -> Program | None:
        """The plan for every query of this shape; None if the plan depends on the values."""
        try:
            query, stand_ins = query_of(lifted)
            try:
                plan = _with_values(self._compiler.compile(query, keep=True), stand_ins)
            except (CompileError, CompilerPanicError) as error:
                if not stand_ins:
                    raise refused(error) from error
                return None  # with the values themselves the compiler says what is wrong with them
            except DerivedStandInError:
                return None
            program = _program(plan, lifted)
            self._keep(lifted.key, program)
            return program
        finally:
            with self._lock:
                self._in_flight.pop(lifted.key, None)

    def _for_values_alone(self, lifted: Lifted) -> Program:
        """A plan with this query's own values in it: for this query alone, and never kept."""
        query, stand_ins = query_of(lifted)
        try:
            plan = self._compiler.compile(_with_literals(query, stand_ins, lifted.values))
        except (CompileError, CompilerPanicError) as error:
            raise refused(error) from error
        return _program(plan, lifted)

    def _timed(self, compile_: Callable[[Lifted], ResultT], lifted: Lifted) -> ResultT:
        started = time.perf_counter()
        try:
            return compile_(lifted)
        finally:
            with self._lock:
                self.metrics.compilations += 1
                self.metrics.compile_seconds += time.perf_counter() - started

    def _keep(self, key: Any, program: Program) -> None:
        with self._lock:
            if key in self._young:
                return
            if self._weight + program.weight > self._room // 2:
                self._old, self._young, self._weight = self._young, {}, 0
            self._young[key] = program
            self._weight += program.weight

    @property
    def count(self) -> int:
        return len(self._young.keys() | self._old.keys())


def _program(plan: Any, lifted: Lifted) -> Program:
    weight = len(json.dumps(plan)) * _WEIGHT_FACTOR
    return Program(plan, weight, as_text=lifted.action == "groupBy")


async def _finished(future: Future[ResultT]) -> ResultT:
    # A caller that is cancelled must not take the plan away from the others.
    return await asyncio.shield(asyncio.wrap_future(future))


def refused(error: CompileError | CompilerPanicError) -> QueryError:
    """The compiler's answer as the client knows it."""
    if isinstance(error, CompilerPanicError):
        return QueryError(None, f"The query compiler broke down over this query:\n{error}")
    answer = error.answer
    if not isinstance(answer, dict):
        return QueryError(None, str(answer))
    content = cast("dict[str, Any]", answer)
    code, meta = content.get("code"), content.get("meta")
    message = str(content.get("message", ""))
    if not isinstance(code, str):
        return QueryError(None, message)
    return QueryError(
        code, message, cast("dict[str, Any]", meta) if isinstance(meta, dict) else None
    )


def _with_values(plan: Any, stand_ins: list[StandIn]) -> Any:
    """The plan with placeholders where the compiler wrote literals that stand for values."""
    if not stand_ins:
        return plan
    found: set[int] = set()
    names: dict[int | str, int] = {stand_in.literal: stand_in.index for stand_in in stand_ins}
    digits = [str(literal) for literal in names if str(literal).isdecimal()]
    numbers = [int(literal) for literal in digits]

    def plain(text: str) -> str:
        if STAND_IN_TEXT in text or any(number in text for number in digits):
            raise DerivedStandInError(text)
        return text

    def placeholder(literal: int | str) -> dict[str, Any]:
        index = names[literal]
        found.add(index)
        return {"prisma__type": "param", "prisma__value": {"name": f"%{index}", "type": "Int"}}

    def replace(value: Any) -> Any:
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value).items()
            return {plain(key): replace(item) for key, item in items}
        if isinstance(value, list):
            return [replace(item) for item in cast("list[Any]", value)]
        if isinstance(value, bool):
            return value
        if isinstance(value, str):
            if value in names:
                return placeholder(value)
            if not value.lstrip("-").isdecimal():
                return plain(value)
        elif not isinstance(value, int):
            return value
        number = int(value)
        if number in names:
            return placeholder(number)
        if any(abs(abs(number) - literal) < _NEAR for literal in numbers):
            raise DerivedStandInError(number)
        return plain(value) if isinstance(value, str) else value

    replaced = replace(plan)
    if len(found) < len(names):
        raise DerivedStandInError("a stand-in is not in the plan")
    return replaced


def _with_literals(query: Any, stand_ins: list[StandIn], values: list[Any]) -> Any:
    """The query with the values themselves instead of their stand-ins."""
    actual = {stand_in.literal: values[stand_in.index] for stand_in in stand_ins}
    actual |= {-literal: -value for literal, value in actual.items() if isinstance(literal, int)}

    def replace(value: Any) -> Any:
        if isinstance(value, dict):
            items = cast("dict[str, Any]", value).items()
            return {key: replace(item) for key, item in items}
        if isinstance(value, list):
            return [replace(item) for item in cast("list[Any]", value)]
        if isinstance(value, int | str) and not isinstance(value, bool):
            return actual.get(value, value)
        return value

    return replace(query)


class _Worker:
    """One thread compiles for the whole process: an instance of the compiler does so as well."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        renew_in_child(self)

    def submit(self, function: Callable[..., ResultT], *args: Any) -> Future[ResultT]:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="prisma-wasm-compiler")
            return self._pool.submit(function, *args)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._pool = None


_worker: Final = _Worker()
