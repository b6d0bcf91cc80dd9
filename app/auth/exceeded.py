"""A memory of exceeded limits, so that a refusal costs no statement and waits for no lock."""

import time
from collections.abc import Callable

MAX_KEYS = 10_000
# Seconds until the database is asked again: another process may have taken an attempt back.
MAX_AGE = 30.0


class ExceededKeys:
    """The keys of exceeded limits, each until its window ends, or for `MAX_AGE` seconds."""

    def __init__(
        self, *, max_keys: int = MAX_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_keys = max_keys
        self._clock = clock
        self._ends: dict[str, tuple[float, float]] = {}  # of the memory, and of the window

    def remember(self, key: str, seconds: int) -> None:
        """Remember a key whose window ends in so many seconds; forget the oldest if full."""
        now = self._clock()
        self._ends.pop(key, None)
        if len(self._ends) >= self._max_keys:
            del self._ends[next(iter(self._ends))]
        self._ends[key] = (now + min(seconds, MAX_AGE), now + seconds)

    def seconds_left(self, key: str) -> int:
        """Return the seconds until the window of a key ends, or 0 if the key is not known."""
        if key not in self._ends:
            return 0
        now = self._clock()
        forget_at, end = self._ends[key]
        if forget_at <= now:
            del self._ends[key]
            return 0
        return max(round(end - now), 1)

    def forget(self, key: str) -> None:
        self._ends.pop(key, None)

    def clear(self) -> None:
        self._ends.clear()
