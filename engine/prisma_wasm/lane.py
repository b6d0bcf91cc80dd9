"""What an engine has in one event loop of one process: a pool, its transactions, the watch over it.

A child process inherits its parent's lanes by a fork. It must neither use nor close what they hold.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Final

from prisma_wasm.address import Address
from prisma_wasm.forking import renew_in_child
from prisma_wasm.pool import Pool
from prisma_wasm.postgres import Connection
from prisma_wasm.transactions import Transactions
from prisma_wasm.watch import Watch

_CLOSE_LIMIT: Final = 0.7


class Lane:
    """What belongs to one event loop of one process: a pool, and the transactions on it."""

    def __init__(self, address: Address, open_: Callable[[], Awaitable[Connection]]) -> None:
        self.loop = asyncio.get_running_loop()
        self.pid = os.getpid()
        self._open = open_
        self.pool: Pool[Connection] = Pool(
            self._open_connection,
            address.connection_limit,
            address.pool_timeout,
            max_idle=address.max_idle,
            max_lifetime=address.max_lifetime,
        )
        self.transactions = Transactions(self.pool, self.recover)
        self._watch = Watch(self.pool)
        self._tasks: set[asyncio.Task[None]] = set()
        renew_in_child(self)

    async def _open_connection(self) -> Connection:
        connection = await self._open()
        self._watch.begin()
        return connection

    def recover(self, connection: Connection) -> None:
        """Bring a connection whose query was broken off back into the pool, or give it up."""
        if not connection.is_usable:
            self.pool.discard(connection)
            return
        task = self.loop.create_task(self._recover(connection))
        self._tasks.add(task)

        def done(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            if task.cancelled():  # as programs do with all tasks when they end
                self.pool.discard(connection)

        task.add_done_callback(done)

    def give_back(self, connection: Connection) -> None:
        """Put a connection back into the pool, with nothing left of what it was used for."""
        connection.owe(None)  # settings that no statement has taken along
        if connection.is_at_rest:
            self.pool.release(connection)
        else:
            self.recover(connection)

    async def _recover(self, connection: Connection) -> None:
        if await connection.recover():
            self.pool.release(connection)
        else:
            self.pool.discard(connection)

    async def close(self) -> None:
        self._watch.end()
        self.transactions.close()
        await self.pool.close(_CLOSE_LIMIT)

    def terminate(self) -> None:
        """Cut every connection; from the event loop, and without waiting."""
        self._watch.end()
        self.transactions.close()
        self.pool.terminate()

    def abandon(self) -> None:
        """Close the sockets from outside of the event loop."""
        self.pool.is_closing = True
        for connection in self.pool.connections():
            connection.abandon()
            if self.loop.is_closed():
                connection.disown()

    def renew(self) -> None:
        """In a child process: leave the connections to the parent, and never touch them again."""
        for connection in self.pool.connections():
            connection.disown()
