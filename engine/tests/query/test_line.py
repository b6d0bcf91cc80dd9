"""The line of those who wait: its order, its limits, and what becomes of what nobody takes."""

import asyncio
import contextlib
import gc
import statistics
import time
import weakref
from typing import Any

import pytest

from prisma_wasm.line import Line

pytestmark = pytest.mark.asyncio


class _TooLateError(Exception):
    pass


class _ClosedError(Exception):
    pass


def _line() -> tuple[Line[int], list[int]]:
    unwanted: list[int] = []
    return Line(lambda limit: _TooLateError(limit), unwanted.append), unwanted


async def test_in_order() -> None:
    """Who came first gets first; what nobody waits for is not taken."""
    line, _ = _line()
    waits = [asyncio.ensure_future(line.wait(5)) for _ in range(3)]
    await asyncio.sleep(0)
    assert len(line) == 3
    assert [line.give(number) for number in (1, 2, 3, 4)] == [True, True, True, False]
    assert await asyncio.gather(*waits) == [1, 2, 3]


async def test_each_has_a_limit_of_its_own() -> None:
    """The short ones end in time, also behind long ones, and none ends the others."""
    line, _ = _line()
    ended: dict[float | None, float] = {}
    began = time.monotonic()

    async def wait(limit: float | None) -> None:
        try:
            await line.wait(limit)
        except _TooLateError as error:
            ended[error.args[0]] = time.monotonic() - began

    waits = [asyncio.ensure_future(wait(limit)) for limit in (0.3, None, 0.1, 0.2, 9.0)]
    await asyncio.sleep(0.6)
    assert list(ended) == [0.1, 0.2, 0.3]
    for limit, seconds in ended.items():
        assert limit is not None
        assert limit - 0.01 < seconds < limit + 0.25
    assert len(line) == 2
    assert line.give(1)
    assert line.give(2)
    await asyncio.gather(*waits)
    assert list(ended) == [0.1, 0.2, 0.3]


async def test_a_later_caller_has_its_whole_limit() -> None:
    """The timer of one who was served says nothing of those who came after it."""
    line, _ = _line()
    first = asyncio.ensure_future(line.wait(0.2))
    await asyncio.sleep(0.1)
    line.give(1)
    assert await first == 1
    second = asyncio.ensure_future(line.wait(0.2))
    await asyncio.sleep(0.15)  # beyond the first one's limit
    assert not second.done()
    with pytest.raises(_TooLateError):
        await second
    assert len(line) == 0


async def test_what_a_cancelled_caller_was_given_is_not_lost() -> None:
    """It goes to `unwanted`; before that the caller just leaves the line."""
    line, unwanted = _line()
    given = asyncio.ensure_future(line.wait(5))
    waiting = asyncio.ensure_future(line.wait(5))
    await asyncio.sleep(0)
    line.give(1)
    given.cancel()
    waiting.cancel()
    await asyncio.gather(given, waiting, return_exceptions=True)
    assert unwanted == [1]
    assert len(line) == 0
    assert not line.give(2)


async def test_a_caller_that_is_thrown_away_leaves() -> None:
    """As a coroutine is whose task is never run to its end."""
    line, unwanted = _line()
    waiting = line.wait(5)
    waiting.send(None)
    assert len(line) == 1
    waiting.close()
    assert len(line) == 0
    assert unwanted == []


async def test_one_after_the_other_is_too_late() -> None:
    """The timer of the first is over, and the second has one too."""
    line, _ = _line()
    for _ in range(3):
        with pytest.raises(_TooLateError):
            await asyncio.wait_for(line.wait(0.02), 1)


@pytest.mark.parametrize("how", ["given", "refused", "too late"])
async def test_cancelled_in_the_same_step(how: str) -> None:
    """Who is cancelled is passed over, and the next one served."""
    line, unwanted = _line()
    first, second = (asyncio.ensure_future(line.wait(limit)) for limit in (0.02, 0.04))
    await asyncio.sleep(0)
    if how != "too late":
        first.cancel()  # it leaves in its own next step
    if how == "given":
        assert line.give(1)
    elif how == "refused":
        line.refuse(_ClosedError)
    else:
        asyncio.get_running_loop().call_later(0.01, first.cancel)
        time.sleep(0.03)  # noqa: ASYNC251  # so that both timers' calls come in one step
    answers = await asyncio.wait_for(asyncio.gather(first, second, return_exceptions=True), 1)
    assert isinstance(answers[0], asyncio.CancelledError)
    expected = {"given": int, "refused": _ClosedError, "too late": _TooLateError}
    assert isinstance(answers[1], expected[how])
    assert (len(line), unwanted) == (0, [])


async def test_an_error_keeps_nothing_alive() -> None:
    """Not until the collector comes: a caller's objects go with its error."""

    class Held:
        pass

    async def wait() -> weakref.ref[Held]:
        held = Held()
        with contextlib.suppress(_TooLateError):
            await line.wait(0.01)
        return weakref.ref(held)

    line, _ = _line()
    gc.disable()
    try:
        held = await wait()
        await asyncio.sleep(0)  # the step in which it was told is over
        assert held() is None
    finally:
        gc.enable()


async def test_refused() -> None:
    """All are sent away, and no timer is left that would hold the line."""
    line, unwanted = _line()
    waits = [asyncio.ensure_future(line.wait(limit)) for limit in (0.05, None)]
    await asyncio.sleep(0)
    line.refuse(_ClosedError)
    answers = await asyncio.gather(*waits, return_exceptions=True)
    assert [type(answer) for answer in answers] == [_ClosedError] * 2
    assert (len(line), unwanted) == (0, [])
    left = weakref.ref(line)
    del line, waits, answers
    await asyncio.sleep(0)
    gc.collect()
    assert left() is None


async def test_many_at_once() -> None:
    """Twenty thousand with as many deadlines give up, in not much more than their time."""
    line, _ = _line()
    began = time.monotonic()
    waits = [asyncio.ensure_future(line.wait(0.2)) for _ in range(20_000)]
    answers = await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 30)
    assert all(isinstance(answer, _TooLateError) for answer in answers)
    assert len(line) == 0
    assert time.monotonic() - began < 5  # 9 s while each had a look at the line of its own


async def test_looks_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look goes over all who wait: not for each of five thousand deadlines is there one."""
    line, _ = _line()
    looks = 0
    look = line._send_away  # pyright: ignore[reportPrivateUsage]

    def counted(*args: Any) -> None:
        nonlocal looks
        looks += 1
        look(*args)

    monkeypatch.setattr(line, "_send_away", counted)
    late: list[float] = []

    async def wait(limit: float) -> None:
        began = time.monotonic()
        with pytest.raises(_TooLateError):
            await line.wait(limit)
        late.append(time.monotonic() - began - limit)

    await asyncio.gather(*(wait(0.5 + number / 10_000) for number in range(5_000)))
    assert looks < 300
    assert -0.01 < statistics.median(late) < 0.2
