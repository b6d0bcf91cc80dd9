"""Compiled plans by shape: each compiled once, off the event loop, and kept while there is room.

All plans of a process share one limit of memory, for whichever schemas and packages they are.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from prisma_wasm.caching import Generations, Room
from prisma_wasm.compiler import CompileError, Compiler, CompilerPanicError
from prisma_wasm.compiler.worker import Kind, QueueFullError, Worker
from prisma_wasm.errors import QueryError
from prisma_wasm.execute import Program
from prisma_wasm.forking import renew_in_child
from prisma_wasm.protocol import Lifted, query_of
from prisma_wasm.refusals import Refusals, as_error, broken, is_of_types
from prisma_wasm.shape import size_of
from prisma_wasm.stand_ins import DerivedStandInError, with_literals, with_values

ResultT = TypeVar("ResultT")

# A plan's JSON is a fair measure of what its functions take; they are about six times as large.
_WEIGHT_FACTOR: Final = 6
PLAN_MEMORY: Final = "PRISMA_WASM_PLAN_MEMORY_MB"
_DEFAULT_MEGABYTES: Final = 96


def _room() -> Room:
    """The memory for all plans of this process."""
    given = os.environ.get(PLAN_MEMORY, "")
    megabytes = int(given) if given.isdecimal() and int(given) > 0 else _DEFAULT_MEGABYTES
    return Room(megabytes * 2**20)


PLANS_ROOM: Final = _room()
_worker: Final = Worker()


@dataclass(slots=True)
class PlanMetrics:
    """What the cache did so far."""

    hits: int = 0
    misses: int = 0
    compilations: int = 0
    compile_seconds: float = 0.0


class Plans:
    """The plans of one schema. Many engines may share one; it may be used from any thread."""

    def __init__(
        self, compiler: Compiler, room: Room = PLANS_ROOM, worker: Worker = _worker
    ) -> None:
        self._compiler = compiler
        self._worker = worker
        self._programs: Generations[Any, Program] = Generations(room)
        self._refusals = Refusals()
        self._lock = threading.RLock()
        self._in_flight: dict[Any, Future[Program | None]] = {}
        self.metrics = PlanMetrics()
        renew_in_child(self)

    def renew(self) -> None:
        self._lock = threading.RLock()
        self._in_flight = {}

    def find(self, lifted: Lifted) -> Program | None:
        """The plan of a shape that was compiled before."""
        if lifted.values.has_literals:
            return None
        program = self._programs.young.get(lifted.key)
        if program is not None:
            self.metrics.hits += 1
            return program
        program = self._programs.old.get(lifted.key)
        if program is not None:
            self.metrics.hits += 1
            self._programs.keep(lifted.key, program, program.weight)
        return program

    async def compile(self, lifted: Lifted) -> Program:
        """Compile in a worker thread; callers with the same shape wait for one another."""
        self.metrics.misses += 1
        try:
            if not self._refusals.check(lifted) and not lifted.values.has_literals:
                program = await self._shared(lifted)
                if program is not None:
                    return program
            return await self._alone(lifted)
        except QueueFullError as error:
            raise _too_busy(error) from error

    async def _shared(self, lifted: Lifted) -> Program | None:
        """The plan for every query of this shape; None if it depends on the values."""
        with self._lock:
            future = self._in_flight.get(lifted.key)
            if future is None:
                kind = Kind.of_shape(size_of(lifted.key))
                future = self._worker.submit(kind, lambda: self._timed(self._for_shape, lifted))
                if not future.done():  # which it is when there is no thread any more
                    self._in_flight[lifted.key] = future
        # A caller that is cancelled must not take the plan away from the others.
        return await asyncio.shield(asyncio.wrap_future(future))

    async def _alone(self, lifted: Lifted) -> Program:
        """The plan for this query, which nobody else waits for."""
        compile_ = self._for_values_alone
        future = self._worker.submit(Kind.ONE_QUERY, lambda: self._timed(compile_, lifted))
        return await asyncio.wrap_future(future)

    def _for_shape(self, lifted: Lifted) -> Program | None:
        try:
            query, stand_ins = query_of(lifted)
            try:
                plan = with_values(self._compiler.compile(query, keep=True), stand_ins)
            except CompileError as error:
                if not stand_ins or is_of_types(error):
                    raise self._refusals.add(lifted, error) from error
                # With the values themselves the compiler says what is wrong with them.
                return self._refusals.add_dependent(lifted)
            except DerivedStandInError:
                return self._refusals.add_dependent(lifted)
            except CompilerPanicError as error:
                if not stand_ins:
                    raise broken(error) from error
                return None
            program = _program(plan, lifted)
            self._programs.keep(lifted.key, program, program.weight)
            return program
        finally:
            with self._lock:
                self._in_flight.pop(lifted.key, None)

    def _for_values_alone(self, lifted: Lifted) -> Program:
        """A plan with this query's own values in it: for this query alone, and never kept."""
        query, stand_ins = query_of(lifted)
        try:
            plan = self._compiler.compile(with_literals(query, stand_ins, lifted.values))
        except CompileError as error:
            refused = self._refusals.add if is_of_types(error) else as_error
            raise refused(lifted, error) from error
        except CompilerPanicError as error:
            raise broken(error) from error
        return _program(plan, lifted)

    def _timed(self, compile_: Callable[[Lifted], ResultT], lifted: Lifted) -> ResultT:
        started = time.perf_counter()
        try:
            return compile_(lifted)
        finally:
            with self._lock:
                self.metrics.compilations += 1
                self.metrics.compile_seconds += time.perf_counter() - started

    @property
    def count(self) -> int:
        return len(self._programs)


def _program(plan: Any, lifted: Lifted) -> Program:
    weight = len(json.dumps(plan)) * _WEIGHT_FACTOR
    return Program(plan, weight, as_text=lifted.action == "groupBy")


def _too_busy(error: QueueFullError) -> QueryError:
    """The code is that of a full pool: the same query may succeed later."""
    return QueryError(
        "P2024",
        f"Too many queries wait to be compiled ({error.waiting}). Try again later. If users choose"
        " what is filtered or ordered by, check their choice and its types before it becomes a"
        " query.",
        {"waiting": error.waiting},
    )
