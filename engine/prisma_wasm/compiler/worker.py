"""The thread that compiles for the whole process, and who is served first when it is busy.

An instance of the compiler does one thing at a time as well. What comes first is what others will
use: small shapes that are new, then large ones. A query that has to be compiled for itself alone
waits for these, but not for ever. Each of the three queues is limited, so that no number of queries
can take more memory, or keep others waiting for longer, than their limits allow.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeVar

from prisma_wasm.forking import renew_in_child

ResultT = TypeVar("ResultT")

_LARGE: Final = 1_000
# After so many jobs the queues are looked at from the other end once.
_TURNS: Final = 8


class Kind(IntEnum):
    """What is compiled; the smaller the number, the sooner."""

    SHAPE = 0
    LARGE_SHAPE = 1
    ONE_QUERY = 2

    @classmethod
    def of_shape(cls, size: int) -> Kind:
        """The kind of a shape with so many parts: 0.2 ms for each of them is usual."""
        return cls.LARGE_SHAPE if size > _LARGE else cls.SHAPE


LIMITS: Final = {Kind.SHAPE: 1_000, Kind.LARGE_SHAPE: 50, Kind.ONE_QUERY: 200}


class QueueFullError(Exception):
    """Too much of one kind waits to be compiled."""

    def __init__(self, kind: Kind, waiting: int) -> None:
        super().__init__(f"{waiting} of {kind.name} wait")
        self.kind = kind
        self.waiting = waiting


class _Job(NamedTuple):
    future: Future[Any]
    run: Callable[[], Any]


class Worker:
    """One thread, and its queues."""

    def __init__(self, limits: dict[Kind, int] = LIMITS) -> None:
        self._limits = limits
        renew_in_child(self)
        self.renew()

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._queues: dict[Kind, deque[_Job]] = {kind: deque() for kind in Kind}
        self._pool: ThreadPoolExecutor | None = None
        self._is_running = False
        self._turn = 0

    def submit(self, kind: Kind, run: Callable[[], ResultT]) -> Future[ResultT]:
        """Have something done by the thread; raises QueueFullError."""
        job = _Job(Future(), run)
        with self._lock:
            self._add(kind, job)
            if self._is_running:
                return job.future
            self._is_running = True
            has_thread = self._start()
        if not has_thread:
            self._work()
        return job.future

    def _start(self) -> bool:
        """Start to work in the thread.

        Return False once Python has ended its threads, which is before the handlers of `atexit`.
        """
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="prisma-wasm-compiler")
        try:
            self._pool.submit(self._work)
        except RuntimeError:
            return False
        return True

    def _add(self, kind: Kind, job: _Job) -> None:
        queue = self._queues[kind]
        if len(queue) >= self._limits[kind]:
            # Those whose callers gave up need no place.
            queue = self._queues[kind] = deque(job for job in queue if not job.future.cancelled())
            if len(queue) >= self._limits[kind]:
                raise QueueFullError(kind, len(queue))
        queue.append(job)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                result = job.run()
            except BaseException as error:
                job.future.set_exception(error)
            else:
                job.future.set_result(result)
            del job  # neither the answer nor an error is kept until the next one comes

    def _next(self) -> _Job | None:
        with self._lock:
            self._turn += 1
            kinds = sorted(Kind, reverse=self._turn % _TURNS == 0)
            for kind in kinds:
                if self._queues[kind]:
                    return self._queues[kind].popleft()
            self._is_running = False
            return None
