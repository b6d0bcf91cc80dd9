"""Caches that share one limit of memory, however many of them a process has."""

from __future__ import annotations

import threading
import weakref
from typing import Any, Final, Generic, TypeVar

from prisma_wasm.forking import renew_in_child

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Room:
    """The memory that several caches may take together, in bytes as their users estimate them."""

    def __init__(self, size: int) -> None:
        self.size: Final = size
        self._lock = threading.Lock()
        self._caches: weakref.WeakSet[Generations[Any, Any]] = weakref.WeakSet()
        self._taken = 0
        renew_in_child(self)

    def renew(self) -> None:
        self._lock = threading.Lock()

    def join(self, cache: Generations[Any, Any]) -> None:
        """Count what this cache keeps from now on."""
        with self._lock:
            self._caches.add(cache)

    def keep(self, cache: Generations[KeyT, ValueT], key: KeyT, value: ValueT, weight: int) -> None:
        """Put a value into the young generation of a cache, unless it alone is too large."""
        half = self.size // 2
        if weight > half:
            return
        with self._lock:
            if key in cache.young:
                return
            if self._taken + weight > half:
                for each in self._caches:
                    each.old, each.young = each.young, {}
                self._taken = 0
            cache.young[key] = value
            self._taken += weight

    @property
    def taken(self) -> int:
        """The weight of everything in the young generations."""
        return self._taken


class Generations(Generic[KeyT, ValueT]):
    """A cache of two generations.

    When the young generations of all caches in the room are full they become the old ones, and the
    old ones are dropped. A value of the old generation that is asked for again is put into the
    young one. So a look-up is one access to a dict, and memory has an upper limit.
    """

    __slots__ = ("__weakref__", "_room", "old", "young")

    def __init__(self, room: Room) -> None:
        self._room = room
        self.young: dict[KeyT, ValueT] = {}
        self.old: dict[KeyT, ValueT] = {}
        room.join(self)

    def keep(self, key: KeyT, value: ValueT, weight: int) -> None:
        """Keep a value while there is room."""
        self._room.keep(self, key, value, weight)

    def __len__(self) -> int:
        return len(self.young.keys() | self.old.keys())
