"""The line of those who wait: its order, its limits, and what becomes of what nobody takes."""

import asyncio
import time

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


async def test_cancelled_when_it_is_too_late(caplog: pytest.LogCaptureFixture) -> None:
    """Neither an error that nobody saw, nor anything left of the caller."""
    line, unwanted = _line()
    waiting = asyncio.ensure_future(line.wait(0.01))
    await asyncio.sleep(0)
    time.sleep(0.05)  # noqa: ASYNC251  # so that both happen in one step of the event loop
    asyncio.get_running_loop().call_later(0.0, waiting.cancel)
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled() or isinstance(waiting.exception(), _TooLateError)
    del waiting
    assert (len(line), unwanted, caplog.records) == (0, [], [])


async def test_refused() -> None:
    """All are sent away, and no timer is left that would hold the line."""
    line, _ = _line()
    waits = [asyncio.ensure_future(line.wait(limit)) for limit in (0.05, None)]
    await asyncio.sleep(0)
    line.refuse(_ClosedError)
    for wait in waits:
        with pytest.raises(_ClosedError):
            await wait
    await asyncio.sleep(0.1)
    assert len(line) == 0


async def test_many_at_once() -> None:
    """Ten thousand give up in one moment, and the loop goes on."""
    line, _ = _line()
    waits = [asyncio.ensure_future(line.wait(0.2)) for _ in range(10_000)]
    answers = await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), 5)
    assert all(isinstance(answer, _TooLateError) for answer in answers)
    assert len(line) == 0
