"""Looks after a pool's connections from time to time: ends those that are too old, or dead.

A server may take a query and never answer, which nothing in TCP tells from a long query. So, when
an answer has been due for long, the server is asked the protocol's question for TLS on a connection
beside it, which every server and pooler answers at once. Silence there too means that it is dead.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from prisma_wasm.dial import Place, is_silent
from prisma_wasm.pool import Pool
from prisma_wasm.postgres import Connection

log = logging.getLogger(__name__)

EVERY: Final = 5.0
PATIENCE: Final = 15.0
SILENCE: Final = 10.0


class Watch:
    """The watch over one pool, for as long as it has connections."""

    def __init__(self, pool: Pool[Connection]) -> None:
        self._pool = pool
        self._timer: asyncio.TimerHandle | None = None
        self._questions: dict[Place, asyncio.Task[None]] = {}

    def begin(self) -> None:
        """Watch, if that is not so already; called when a connection is opened."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY, self._look)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for task in self._questions.values():
            task.cancel()

    def _look(self) -> None:
        self._timer = None
        self._pool.sweep()
        if self._pool.open == 0:
            return
        self.begin()
        for connection in self._late():
            place = connection.place
            if place is not None and place not in self._questions:
                task = asyncio.get_running_loop().create_task(self._ask(place))
                self._questions[place] = task
                task.add_done_callback(lambda _, place=place: self._questions.pop(place, None))

    def _late(self) -> list[Connection]:
        """The connections whose answer has been due for long."""
        due = time.perf_counter() - PATIENCE
        return [
            connection
            for connection in self._pool.connections()
            if connection.asked_at is not None and connection.asked_at < due
        ]

    async def _ask(self, place: Place) -> None:
        if not await is_silent(place, SILENCE):
            return
        dead = [connection for connection in self._late() if connection.place == place]
        log.warning(
            "The database server at %s answers nothing any more; %d of its connections are cut.",
            place,
            len(dead),
        )
        for connection in dead:
            connection.terminate()
