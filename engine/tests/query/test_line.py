"""The line of those who wait: its order, its limits, and what becomes of what nobody takes."""

import asyncio
import contextlib
import gc
import weakref
from typing import Any

import pytest
from fake_time import fake_loop, in_fake_time

from prisma_wasm import line as module
from prisma_wasm.line import Line


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


@in_fake_time
async def test_each_has_a_limit_of_its_own() -> None:
    """Short limits end on time, also behind long ones, and none ends the others."""
    line, _ = _line()
    ended: dict[float | None, float] = {}

    async def wait(limit: float | None) -> None:
        try:
            await line.wait(limit)
        except _TooLateError as error:
            ended[error.args[0]] = fake_loop().time()

    waits = [asyncio.ensure_future(wait(limit)) for limit in (0.3, None, 0.1, 0.2, 9.0)]
    await asyncio.sleep(0.6)
    assert list(ended) == [0.1, 0.2, 0.3]
    assert all(seconds == pytest.approx(limit, abs=1e-4) for limit, seconds in ended.items())
    assert len(line) == 2
    assert line.give(1)
    assert line.give(2)
    await asyncio.gather(*waits)
    assert list(ended) == [0.1, 0.2, 0.3]


@in_fake_time
async def test_a_later_caller_has_its_whole_limit() -> None:
    """The timer of a caller that was served does not shorten the wait of those after it."""
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
    assert fake_loop().time() == pytest.approx(0.3, abs=1e-4)
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


@pytest.mark.parametrize("began", [0.0, 0.05, 0.5, 9.95])
@in_fake_time
async def test_time_in_which_the_loop_was_blocked(began: float) -> None:
    """It counts for no wait, and what was released meanwhile is given to who waits.

    The original's pool was in Rust's threads, which no block of Python's event loop held up.
    """
    line, _ = _line()
    waits = [asyncio.ensure_future(line.wait(limit)) for limit in (10, 10, None)]
    await asyncio.sleep(began)
    fake_loop().advance(60)
    for number in range(3):
        for _ in range(20):  # the answer is read, and its task released, in several steps
            await asyncio.sleep(0)
        line.give(number)
    assert await asyncio.gather(*waits) == [0, 1, 2]


@pytest.mark.parametrize(("blocks", "each"), [(1, 60), (5, 4), (500, 1)])
@in_fake_time
async def test_limits_count_the_time_in_which_the_loop_ran(blocks: int, each: float) -> None:
    """However often the loop was blocked, a wait ends, after its limit and some ticks."""
    line, _ = _line()
    waiting = asyncio.ensure_future(line.wait(10))
    ran = 0.0
    while not waiting.done():
        if blocks:
            blocks -= 1
            fake_loop().advance(each)
        await asyncio.sleep(0.1)
        ran += 0.1
        assert ran < 12
    assert isinstance(waiting.exception(), _TooLateError)
    assert ran > 9


@pytest.mark.parametrize("before_limit", [5, 30])
@in_fake_time
async def test_a_caller_that_comes_right_after_a_block(before_limit: float) -> None:
    """The time of the block counts neither for it nor for those who were there before."""
    line, _ = _line()

    async def ended(limit: float) -> float:
        with pytest.raises(_TooLateError):
            await line.wait(limit)
        return fake_loop().time()

    before = asyncio.ensure_future(ended(before_limit))
    await asyncio.sleep(1)
    fake_loop().advance(60)
    after = asyncio.ensure_future(ended(10))
    assert await before == pytest.approx(60 + before_limit, abs=0.2)
    assert await after == pytest.approx(61 + 10, abs=0.2)


@in_fake_time
async def test_a_busy_loop_is_not_a_blocked_one() -> None:
    """Steps that take a while, as in a server with much to do, count as waiting."""
    line, _ = _line()
    waiting = asyncio.ensure_future(line.wait(10))
    while not waiting.done():
        fake_loop().advance(0.015)
        await asyncio.sleep(0)
    assert isinstance(waiting.exception(), _TooLateError)
    assert fake_loop().time() == pytest.approx(10, abs=0.1)


@in_fake_time
async def test_one_after_the_other_is_too_late() -> None:
    """The timer of the first has ended, and each of the next ones gets its own."""
    line, _ = _line()
    for number in range(1, 4):
        with pytest.raises(_TooLateError):
            await line.wait(0.02)
        assert fake_loop().time() == pytest.approx(number * 0.02, abs=1e-4)


@pytest.mark.parametrize("how", ["given", "refused", "too late"])
@in_fake_time
async def test_cancelled_in_the_same_step(how: str) -> None:
    """A cancelled caller is passed over, and the next one served."""
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
        fake_loop().advance(0.03)  # so that both timers' calls come in one step
    answers = await asyncio.gather(first, second, return_exceptions=True)
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


@pytest.mark.parametrize(("count", "seconds"), [(20_000, 0.02), (5_000, 0.5)])
@in_fake_time
async def test_scans_are_few(monkeypatch: pytest.MonkeyPatch, count: int, seconds: float) -> None:
    """A scan goes over all callers that wait, so it ends many of their deadlines.

    With a scan for each deadline, 20,000 took 9 seconds of CPU to give up.
    """
    line, _ = _line()
    scans = 0
    scan = line._send_away  # pyright: ignore[reportPrivateUsage]

    def counted(*args: Any) -> None:
        nonlocal scans
        scans += 1
        scan(*args)

    monkeypatch.setattr(line, "_send_away", counted)
    late: list[float] = []

    async def wait(limit: float) -> None:
        with pytest.raises(_TooLateError):
            await line.wait(limit)
        late.append(fake_loop().time() - limit)

    await asyncio.gather(*(wait(0.5 + seconds * number / count) for number in range(count)))
    pause = count * module._PAUSE  # pyright: ignore[reportPrivateUsage]  # of the longest line
    assert scans < count / 10
    assert len(late) == count
    assert min(late) > -1e-6
    assert max(late) < pause + 1e-6
    assert len(line) == 0
