"""The instances of the compiler's module that a process keeps: a few, however many schemas it has.

An instance belongs to one compiler and has memory of its own. It starts within milliseconds, so
that of the compiler which was used least recently is closed when there are too many of them, or
when they take too much memory together.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import Final, Protocol

from prisma_wasm.forking import renew_in_child

_KEPT: Final = 4
_MEMORY_LIMIT: Final = 64 * 2**20


class Owner(Protocol):
    """A compiler, as far as its instance is concerned."""

    def memory_size(self) -> int:
        """The bytes that its instance takes, 0 without one."""
        ...

    def close(self, *, is_whole: bool = True) -> None:
        """Close its instance, if it has one; leave one alone that is not whole."""
        ...


class Instances:
    """The compilers that have an instance. One of them compiles at a time: `lock` keeps order."""

    def __init__(self, kept: int = _KEPT, memory_limit: int = _MEMORY_LIMIT) -> None:
        self._kept = kept
        self._memory_limit = memory_limit
        self._owners: OrderedDict[int, weakref.ref[Owner]] = OrderedDict()
        self.lock = threading.Lock()
        renew_in_child(self)

    def renew(self) -> None:
        """In a child process, never use the instance that a thread of the parent was using."""
        is_in_use = self.lock.locked()
        self.lock = threading.Lock()
        if is_in_use and self._owners:
            owner = next(reversed(self._owners.values()))()
            if owner is not None:
                owner.close(is_whole=False)

    def use(self, owner: Owner) -> None:
        """Note that this compiler's instance is used now, and close those that are too many.

        To be called with the lock held.
        """
        self._owners[id(owner)] = weakref.ref(owner)
        self._owners.move_to_end(id(owner))
        total = sum(other.memory_size() for other in self._living())
        while len(self._owners) > self._kept or (
            total > self._memory_limit and len(self._owners) > 1
        ):
            _, oldest = self._owners.popitem(last=False)
            found = oldest()
            if found is not None:
                total -= found.memory_size()
                found.close()

    def _living(self) -> list[Owner]:
        owners = [reference() for reference in self._owners.values()]
        return [owner for owner in owners if owner is not None]
