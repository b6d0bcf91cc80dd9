"""Interactive transactions: each holds a connection until it is committed, rolled back or too old.

Nothing of a transaction reaches the server after its end, whatever the moment: its statements run
one at a time under a lock, and what ends it (its limit, a rollback) breaks off the statement that
is running and lets no other start.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from prisma_wasm import scope
from prisma_wasm.errors import QueryError
from prisma_wasm.pool import Pool
from prisma_wasm.postgres import Connection
from prisma_wasm.scope import Settings
from prisma_wasm.settings import must_come_first, settle, settle_inside

ResultT = TypeVar("ResultT")

_REMEMBERED: Final = 1000
# By the cancellation of what used it.
_BROKEN_OFF: Final = "rolled back, since cancelled,"
_ISOLATION_LEVELS: Final = {
    "ReadUncommitted": "READ UNCOMMITTED",
    "ReadCommitted": "READ COMMITTED",
    "RepeatableRead": "REPEATABLE READ",
    "Serializable": "SERIALIZABLE",
}


def api_error(reason: str) -> QueryError:
    """An error of the transactions' own."""
    return QueryError("P2028", f"Transaction API error: {reason}", {"error": reason}, error=reason)


class Transaction:
    """One open transaction."""

    def __init__(self, connection: Connection, limit: float) -> None:
        self.id = secrets.token_hex(16)
        self.connection = connection
        self.limit = limit
        loop = asyncio.get_running_loop()
        self.started = loop.time()
        self.deadline = self.started + limit
        self.lock = asyncio.Lock()
        self.running: asyncio.Timeout | None = None
        self.timer: asyncio.TimerHandle | None = None

    def break_off(self) -> None:
        """End the statement that is running, if one is."""
        if self.running is not None and not self.running.expired():
            self.running.reschedule(asyncio.get_running_loop().time())


class Transactions:
    """The open transactions of one pool, and how the last of the closed ones ended."""

    def __init__(self, pool: Pool[Connection], recover: Callable[[Connection], None]) -> None:
        self._pool = pool
        self._recover = recover
        self._open: dict[str, Transaction] = {}
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._reasons: dict[str, tuple[int, int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        return len(self._open)

    async def start(self, max_wait: float, limit: float, isolation: str | None) -> str:
        """Begin one; its id."""
        if isolation is not None and isolation not in _ISOLATION_LEVELS:
            raise QueryError("P2023", f"Inconsistent column data: Conversion failed: {isolation}")
        begin = "BEGIN"
        if isolation is not None:
            begin += f" ISOLATION LEVEL {_ISOLATION_LEVELS[isolation]}"
        settings = scope.current.get()
        connection = await self._connection(max_wait, settings)
        try:
            await settle(connection, settings)
            await connection.begin(begin)
        except BaseException:
            self._recover(connection)
            raise
        transaction = Transaction(connection, limit)
        self._open[transaction.id] = transaction
        loop = asyncio.get_running_loop()
        transaction.timer = loop.call_at(transaction.deadline, self._expire, transaction)
        return transaction.id

    async def _connection(self, max_wait: float, settings: Settings) -> Connection:
        try:
            async with asyncio.timeout(max_wait):
                return await self._pool.acquire(max_wait, settings)
        except TimeoutError:
            pass
        except QueryError as error:
            if error.code != "P2024":
                raise
        raise api_error("Unable to start a transaction in the given time.")

    async def run(
        self, id_: str, action: Callable[[Connection], Awaitable[ResultT]], raw_sql: str = ""
    ) -> ResultT:
        """Do something inside a transaction, after what it is doing already."""
        transaction = self._find(id_, "query")
        async with transaction.lock:
            # It may have ended while this waited for its turn.
            self._find(id_, "query")
            try:
                async with asyncio.timeout_at(transaction.deadline) as transaction.running:
                    if not must_come_first(raw_sql):
                        await settle_inside(transaction.connection, scope.current.get())
                    return await action(transaction.connection)
            except TimeoutError:
                if id_ in self._open:
                    self._end(transaction, "expired")
                    self._recover(transaction.connection)
                raise self._closed(id_, "query") from None
            except asyncio.CancelledError:
                # Where the statement stopped is not known: the transaction ends here.
                if id_ in self._open:
                    self._end(transaction, _BROKEN_OFF)
                    self._recover(transaction.connection)
                raise
            finally:
                transaction.running = None
                if id_ in self._open and transaction.timer is None:
                    self._expire(transaction)  # its limit passed as the statement finished

    async def commit(self, id_: str) -> None:
        transaction = self._find(id_, "commit")
        try:
            await transaction.lock.acquire()
        except asyncio.CancelledError:
            if id_ in self._open:
                self._end(transaction, "rolled back")
                self._take_back_soon(transaction)
            raise
        try:
            self._find(id_, "commit")
            self._end(transaction, "committed")
            connection = transaction.connection
            try:
                await connection.commit()
            except BaseException:
                # Whether it was committed is unknown, but it is over for certain.
                self._ended[id_] = "rolled back"
                self._recover(connection)
                raise
            self._pool.release(connection)
        finally:
            transaction.lock.release()

    async def rollback(self, id_: str) -> None:
        if self._ended.get(id_) == _BROKEN_OFF:
            self._ended[id_] = "rolled back"  # as whoever was cancelled does next
            return
        transaction = self._find(id_, "rollback")
        self._end(transaction, "rolled back")
        # Whoever asked for it may be cancelled; the rollback goes on.
        await asyncio.shield(self._take_back_soon(transaction))

    def _take_back_soon(self, transaction: Transaction) -> asyncio.Task[None]:
        transaction.break_off()
        task = asyncio.get_running_loop().create_task(self._take_back(transaction))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _take_back(self, transaction: Transaction) -> None:
        try:
            async with transaction.lock:
                await transaction.connection.rollback()
        except BaseException:
            self._pool.discard(transaction.connection)
            raise
        self._pool.release(transaction.connection)

    def close(self) -> None:
        """Forget every transaction; the pool cuts their connections."""
        for transaction in list(self._open.values()):
            self._end(transaction, "rolled back")
            transaction.connection.terminate()

    def _expire(self, transaction: Transaction) -> None:
        transaction.timer = None
        if transaction.id in self._open and transaction.running is None:
            self._end(transaction, "expired")
            self._take_back_soon(transaction)

    def _end(self, transaction: Transaction, how: str) -> None:
        if transaction.timer is not None:
            transaction.timer.cancel()
        self._open.pop(transaction.id, None)
        self._ended[transaction.id] = how
        self._ended.move_to_end(transaction.id)
        if how == "expired":
            elapsed = round((asyncio.get_running_loop().time() - transaction.started) * 1000)
            limit = round(transaction.limit * 1000)
            self._reasons[transaction.id] = (limit, elapsed)
        while len(self._ended) > _REMEMBERED:
            forgotten, _how = self._ended.popitem(last=False)
            self._reasons.pop(forgotten, None)

    def _find(self, id_: str, operation: str) -> Transaction:
        transaction = self._open.get(id_)
        if transaction is None:
            raise self._closed(id_, operation)
        return transaction

    def _closed(self, id_: str, operation: str) -> QueryError:
        how = self._ended.get(id_)
        if how is None:
            return api_error(
                "Transaction not found. Transaction ID is invalid, refers to an old closed"
                " transaction Prisma doesn't have information about anymore, or was obtained"
                " before disconnecting."
            )
        if how != "expired":
            return api_error(
                f"Transaction already closed: A {operation} cannot be executed on a"
                f" {how} transaction."
            )
        limit, elapsed = self._reasons[id_]
        return api_error(
            f"Transaction already closed: A {operation} cannot be executed on an expired"
            f" transaction. The timeout for this transaction was {limit} ms, however {elapsed} ms"
            " passed since the start of the transaction. Consider increasing the interactive"
            " transaction timeout or doing less work in the transaction."
        )
