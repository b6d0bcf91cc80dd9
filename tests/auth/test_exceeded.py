"""The memory of exceeded limits: bounded, and never longer than the limit's window."""

from datetime import timedelta

import pytest

from app.auth.exceeded import MAX_AGE, ExceededKeys
from app.auth.throttle import Limit, reset


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_forgotten_when_its_window_ends():
    """Until then it says how many seconds are left."""
    clock = Clock()
    keys = ExceededKeys(clock=clock)
    keys.remember("a", 10)
    clock.now += 9
    assert keys.seconds_left("a") == 1
    clock.now += 1
    assert keys.seconds_left("a") == 0


def test_a_long_window_is_looked_up_again():
    """Another process may have refunded an attempt; the seconds are those of the whole window."""
    clock = Clock()
    keys = ExceededKeys(clock=clock)
    keys.remember("a", 900)
    assert keys.seconds_left("a") == 900
    clock.now += MAX_AGE
    assert keys.seconds_left("a") == 0


def test_it_forgets_the_oldest_key_when_full():
    keys = ExceededKeys(max_keys=2)
    for key in ("a", "b", "a", "c"):
        keys.remember(key, 10)
    assert [keys.seconds_left(key) > 0 for key in "abc"] == [True, False, True]


async def test_only_resettable_limits_can_be_reset():
    """Others are remembered, so a reset would not reach every process."""
    with pytest.raises(ValueError, match="not resettable"):
        await reset(Limit("x", 1, timedelta(minutes=1)), "subject")
