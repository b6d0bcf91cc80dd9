"""The queue for password hashing: few threads, and a bounded number of requests that wait for them.

Argon2 takes a processor and 64 MiB for a tenth of a second or more. Without a bound, a burst of
log-ins would make everybody wait; with it, whoever finds the queue full is told to come back.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import get_native_id
from typing import TypeVar

from app.auth.errors import server_busy
from app.auth.shares import Claim, Shares

ResultT = TypeVar("ResultT")

SLOTS_PER_THREAD = 32
LONGEST_WAIT = 20.0  # seconds, for one hash
RETRY_AFTER = 5
_NICENESS = 5  # a third of the event loop's share of a processor that is not idle


class HashingQueue:
    """Threads that hash, and slots for the requests that use them."""

    def __init__(self, threads: int, *, slots: int, longest_wait: float = LONGEST_WAIT) -> None:
        self.slots = slots
        self._shares = Shares(slots)
        self._longest_wait = longest_wait
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="passwords", initializer=_lower_priority
        )

    @property
    def taken(self) -> int:
        return self._shares.taken

    @contextmanager
    def slot(self, claim: Claim) -> Generator[None]:
        """Hold a slot during a block of code; raise 503 when none is free for the claim.

        Take it after counting an attempt: who has no attempts left must hold no slot while the
        database counts. If the queue is full, refund the attempt.
        """
        self.require_room(claim)
        with self._shares.hold(claim):
            yield

    def require_room(self, claim: Claim) -> None:
        """Raise 503 when no slot is free for the claim."""
        if not self._shares.has_room(claim):
            raise server_busy(RETRY_AFTER)

    async def run(self, work: Callable[..., ResultT], *arguments: str) -> ResultT:
        """Run a function in a thread; raise 503 when it takes too long to get one."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._longest_wait):
                # What the timeout cancels leaves the executor's queue, unless it runs already.
                return await loop.run_in_executor(self._executor, work, *arguments)
        except TimeoutError:
            raise server_busy(RETRY_AFTER) from None


def default_queue() -> HashingQueue:
    """Return a queue that leaves a processor to everything else."""
    threads = max(1, (os.cpu_count() or 1) - 1)
    return HashingQueue(threads, slots=SLOTS_PER_THREAD * threads)


def _lower_priority() -> None:
    """Let the event loop, which answers everybody else, go before the hashing of this thread."""
    # Only on Linux do threads have a priority each; elsewhere the id might name another process.
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICENESS)
