"""The queue of the compiler: limited, new shapes first, and nobody waits for ever."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future
from typing import Any

import pytest

from prisma_wasm.compiler.worker import Kind, QueueFullError, Worker
from prisma_wasm.errors import QueryError
from prisma_wasm.plans import Plans

from .test_shape import lifted_of

_LIMIT = 60


class _Busy:
    """A worker whose thread waits until it is told to go on, and what it did then, in order."""

    def __init__(self, **limits: int) -> None:
        every = {kind: limits.get(kind.name.lower(), 1000) for kind in Kind}
        self.worker = Worker(every)
        self.done: list[Any] = []
        self._go_on = threading.Event()
        started = threading.Event()

        def wait() -> None:
            started.set()
            assert self._go_on.wait(_LIMIT)

        self.worker.submit(Kind.SHAPE, wait)
        assert started.wait(_LIMIT)

    def submit(self, kind: Kind, name: Any) -> Future[None]:
        return self.worker.submit(kind, lambda: self.done.append(name))

    def finish(self) -> list[Any]:
        """Let it do everything that waits."""
        self._go_on.set()
        ends = time.monotonic() + _LIMIT
        while self.worker._is_running:  # pyright: ignore[reportPrivateUsage]
            assert time.monotonic() < ends
            time.sleep(0.001)
        return self.done


def test_the_order() -> None:
    """New shapes come before large ones, and these before queries that are compiled for once."""
    busy = _Busy()
    for number in range(2):
        for kind in reversed(Kind):
            busy.submit(kind, (kind.name, number))
    assert busy.finish() == [(kind.name, number) for kind in Kind for number in range(2)]


def test_nobody_waits_for_ever() -> None:
    """While there is always another new shape, the others have their turns, too."""
    busy = _Busy()
    for number in range(40):
        busy.submit(Kind.SHAPE, number)
    busy.submit(Kind.ONE_QUERY, "one")
    busy.submit(Kind.ONE_QUERY, "other")
    done = busy.finish()
    assert done.index("one") < 10
    assert done.index("other") < 20


@pytest.mark.parametrize("kind", Kind)
def test_a_full_queue(kind: Kind) -> None:
    """It takes no more, until something was done; the other queues are not concerned."""
    busy = _Busy(**{kind.name.lower(): 3})
    for number in range(3):
        busy.submit(kind, number)
    with pytest.raises(QueueFullError) as caught:
        busy.submit(kind, "too many")
    assert (caught.value.kind, caught.value.waiting) == (kind, 3)
    for other in set(Kind) - {kind}:
        busy.submit(other, other.name)
    assert set(busy.finish()) == {0, 1, 2} | {other.name for other in set(Kind) - {kind}}
    busy.submit(kind, "again").result(_LIMIT)


def test_who_gave_up_takes_no_place() -> None:
    """A caller that was cancelled is left out, and its place is free."""
    busy = _Busy(one_query=3)
    waiting = [busy.submit(Kind.ONE_QUERY, number) for number in range(3)]
    assert waiting[1].cancel()
    busy.submit(Kind.ONE_QUERY, 3)
    assert busy.finish() == [0, 2, 3]


def test_an_error_is_its_callers() -> None:
    """What fails ends neither the thread nor another caller's job."""
    busy = _Busy()
    failing = busy.worker.submit(Kind.SHAPE, lambda: 1 / 0)
    busy.submit(Kind.SHAPE, "after")
    assert busy.finish() == ["after"]
    with pytest.raises(ZeroDivisionError):
        failing.result(_LIMIT)


class _Compiler:
    """Compiles nothing, and counts."""

    def __init__(self) -> None:
        self.compiled = 0

    def compile(self, query: dict[str, Any], *, keep: bool = False) -> Any:
        del query, keep
        self.compiled += 1
        return {"type": "value", "args": 7}


def _invalid(number: int) -> dict[str, Any]:
    """A query with a value that has no slot, so that it is compiled for itself."""
    return {"where": {"born": f"no date {number}"}}


async def test_callers_are_told() -> None:
    """A query for which there is no place fails at once, with the code of a full pool.

    Unvalidated filters take the places of their own kind only: a new shape is compiled.
    """
    busy, compiler = _Busy(one_query=5), _Compiler()
    plans = Plans(compiler, worker=busy.worker)  # pyright: ignore[reportArgumentType]
    waiting = [
        asyncio.ensure_future(plans.compile(lifted_of("find_many", **_invalid(n))))
        for n in range(50)
    ]
    shape = asyncio.ensure_future(plans.compile(lifted_of("find_many", where={"id": 1})))
    await asyncio.sleep(0)
    refused = [future.exception() for future in waiting if future.done()]
    assert len(refused) == 45
    for error in refused:
        assert isinstance(error, QueryError)
        assert (error.code, error.meta) == ("P2024", {"waiting": 5})
        assert "wait to be compiled (5)" in error.message
    busy.finish()
    await asyncio.gather(*waiting, shape, return_exceptions=True)
    assert compiler.compiled == 6
    assert plans.find(lifted_of("find_many", where={"id": 1})) is not None


async def test_a_cancelled_caller_leaves_the_queue() -> None:
    """Where nobody else waits for a plan, it is not compiled once its caller gave up."""
    busy, compiler = _Busy(), _Compiler()
    plans = Plans(compiler, worker=busy.worker)  # pyright: ignore[reportArgumentType]
    waiting = [
        asyncio.ensure_future(plans.compile(lifted_of("find_many", **_invalid(n))))
        for n in range(10)
    ]
    await asyncio.sleep(0)
    for caller in waiting[:9]:
        caller.cancel()
    await asyncio.sleep(0)
    busy.finish()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert compiler.compiled == 1
