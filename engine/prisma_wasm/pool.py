"""A pool of connections to one database: who gets which, and who waits.

It knows nothing of PostgreSQL. A connection is whatever `open_` makes; the pool counts the places,
hands out idle connections, the last used first, and lets callers wait in line for a limited time.
Who wants a connection that is set up in some way gets one that is, if one is idle. Handing out an
idle connection takes no step of the event loop.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeVar

from prisma_wasm.errors import QueryError
from prisma_wasm.line import Line
from prisma_wasm.metrics import Histogram


class Pooled(Protocol):
    """What the pool asks of a connection."""

    @property
    def is_usable(self) -> bool: ...

    @property
    def setup(self) -> Hashable:
        """How it is set up; `()` if like a new one."""
        ...

    def terminate(self) -> None: ...

    async def close(self) -> None: ...


ConnectionT = TypeVar("ConnectionT", bound=Pooled)


class Pool(Generic[ConnectionT]):
    """At most `limit` connections of one event loop."""

    def __init__(
        self,
        open_: Callable[[], Awaitable[ConnectionT]],
        limit: int,
        timeout: float | None,
        *,
        max_idle: float | None = None,
        max_lifetime: float | None = None,
    ) -> None:
        self._open = open_
        self._limit = limit
        self._timeout = timeout
        self._max_idle = max_idle
        self._max_lifetime = max_lifetime
        self._idle: deque[ConnectionT] = deque()
        # Those that are set up in some way; the setups in the order of their last use.
        self._set_up: OrderedDict[Hashable, list[ConnectionT]] = OrderedDict()
        # When each was opened, and when it was last used.
        self._all: dict[ConnectionT, float] = {}
        self._used: dict[ConnectionT, float] = {}
        self._openings: set[asyncio.Timeout] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._places = 0
        # Who waits gets a connection, or None: the place of one that has gone, to open it anew.
        self._line: Line[ConnectionT | None] = Line(self._timed_out, self._unwanted)
        self.opened = 0
        self.closed = 0
        self.waits = Histogram()
        self.is_closing = False

    @property
    def open(self) -> int:
        return len(self._all)

    @property
    def idle(self) -> int:
        return len(self._idle) + sum(len(group) for group in self._set_up.values())

    @property
    def busy(self) -> int:
        return len(self._all) - self.idle

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def limit(self) -> int:
        return self._limit

    def connections(self) -> list[ConnectionT]:
        """Every open connection, in use or not."""
        return list(self._all)

    def take_idle(self, setup: Hashable = ()) -> ConnectionT | None:
        """An idle connection, at once: one that is set up so, a plain one, or any."""
        while True:
            if self._set_up and setup in self._set_up:
                connection = self._take_set_up(setup)
            elif self._idle:
                connection = self._idle.pop()
            elif self._set_up:
                connection = self._take_set_up(next(iter(self._set_up)))
            else:
                return None
            if connection.is_usable:
                self.waits.at_once += 1
                return connection
            self._forget(connection)

    def _take_set_up(self, setup: Hashable) -> ConnectionT:
        group = self._set_up[setup]
        connection = group.pop()
        if not group:
            del self._set_up[setup]
        return connection

    async def acquire(self, limit: float | None = None, setup: Hashable = ()) -> ConnectionT:
        """A connection, idle or new, waiting in line for one if there must be."""
        connection = self.take_idle(setup)
        if connection is not None:
            return connection
        started = time.perf_counter()
        try:
            if self._places < self._limit:
                self._places += 1
                return await self._open_in_place()
            connection = await self._line.wait(self._timeout if limit is None else limit)
            return connection if connection is not None else await self._open_in_place()
        finally:
            self.waits.add(time.perf_counter() - started)

    def release(self, connection: ConnectionT) -> None:
        """Give a connection back."""
        if self.is_closing or not connection.is_usable:
            self.discard(connection)
            return
        if self._is_spent(connection):
            self._retire(connection)
            return
        if self._line.give(connection):
            return
        self._used[connection] = time.monotonic()
        setup = connection.setup
        if setup == ():
            self._idle.append(connection)
        else:
            self._set_up.setdefault(setup, []).append(connection)
            self._set_up.move_to_end(setup)

    def discard(self, connection: ConnectionT) -> None:
        """Give up a connection that is of no more use."""
        if connection in self._all:
            connection.terminate()
            self._forget(connection)

    def sweep(self) -> None:
        """Close what has been idle, or open, for longer than it may."""
        now = time.monotonic()
        for connection in self._idle_ones():
            if not connection.is_usable:
                self._leave_idle(connection)
                self._forget(connection)
            elif self._is_spent(connection) or (
                self._max_idle is not None and now - self._used[connection] > self._max_idle
            ):
                self._leave_idle(connection)
                self._retire(connection)

    def _idle_ones(self) -> list[ConnectionT]:
        return [*self._idle, *itertools.chain.from_iterable(self._set_up.values())]

    def _leave_idle(self, connection: ConnectionT) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
            return
        for setup, group in list(self._set_up.items()):
            if connection in group:
                group.remove(connection)
                if not group:
                    del self._set_up[setup]

    def _is_spent(self, connection: ConnectionT) -> bool:
        if self._max_lifetime is None:
            return False
        return time.monotonic() - self._all[connection] > self._max_lifetime

    def _retire(self, connection: ConnectionT) -> None:
        """Close a connection in order, whose place is free at once."""
        self._forget(connection)
        task = asyncio.get_running_loop().create_task(connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self, limit: float) -> None:
        """Close every connection; those that take too long are cut."""
        self.is_closing = True
        self._line.refuse(_closing)
        for connection in self._idle_ones():
            self._retire(connection)
        self.terminate()
        if not self._closing:
            return
        _done, late = await asyncio.wait(self._closing, timeout=limit)
        if late:
            for task in late:
                task.cancel()
            await asyncio.wait(late, timeout=limit)

    def terminate(self) -> None:
        """Cut every connection at once."""
        self.is_closing = True
        self._line.refuse(_closing)
        now = asyncio.get_running_loop().time()
        for opening in self._openings:
            if not opening.expired():
                opening.reschedule(now)
        for connection in list(self._all):
            connection.terminate()
            self._forget(connection)
        self._idle.clear()
        self._set_up.clear()

    async def _open_in_place(self) -> ConnectionT:
        opening = asyncio.timeout(None)  # until the pool closes
        self._openings.add(opening)
        try:
            async with opening:
                connection = await self._open()
        except BaseException as error:
            self._free_place()
            if isinstance(error, TimeoutError) and opening.expired():
                raise _closing() from None
            raise
        finally:
            self._openings.discard(opening)
        if self.is_closing:
            connection.terminate()
            self._free_place()
            raise _closing()
        self._all[connection] = time.monotonic()
        self.opened += 1
        return connection

    def _unwanted(self, connection: ConnectionT | None) -> None:
        if connection is None:
            self._free_place()
        else:
            self.release(connection)

    def _forget(self, connection: ConnectionT) -> None:
        if self._all.pop(connection, None) is not None:
            self._used.pop(connection, None)
            self.closed += 1
            self._free_place()

    def _free_place(self) -> None:
        if not self._line.give(None):
            self._places -= 1

    def _timed_out(self, limit: float) -> QueryError:
        return QueryError(
            "P2024",
            "Timed out fetching a new connection from the connection pool. More info:"
            " http://pris.ly/d/connection-pool (Current connection pool timeout:"
            f" {limit:g}, connection limit: {self._limit}, in use: {self._places - self.idle},"
            f" waiting: {len(self._line) + 1})",
            {"connection_limit": self._limit, "timeout": limit},
        )


def _closing() -> QueryError:
    return QueryError("P1017", "Server has closed the connection: the client is disconnecting.")
