"""The addresses from which users logged in recently: known callers while the service is busy.

Each process remembers its own; it is no credential, and no limit of attempts depends on it.
"""

import time
from collections.abc import Callable

MAX_LOG_INS = 10_000
MAX_AGE = 24 * 60 * 60.0


class RecentLogIns:
    """The accounts and addresses of log-ins that succeeded, the oldest first."""

    def __init__(
        self, *, max_log_ins: int = MAX_LOG_INS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_log_ins = max_log_ins
        self._clock = clock
        self._times: dict[tuple[str, str], float] = {}

    def remember(self, email: str, address: str) -> None:
        """Remember a log-in; forget the oldest if there are too many."""
        if not address:
            return
        self._times.pop((email, address), None)
        if len(self._times) >= self._max_log_ins:
            del self._times[next(iter(self._times))]
        self._times[email, address] = self._clock()

    def has(self, email: str, address: str) -> bool:
        """Return whether a log-in to the account from the address succeeded recently."""
        since = self._times.get((email, address))
        return since is not None and self._clock() - since < MAX_AGE

    def clear(self) -> None:
        self._times.clear()
