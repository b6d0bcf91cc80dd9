"""Interactive transactions: each holds a connection until it is committed, rolled back or too old.

Nothing of a transaction reaches the server after its end, whatever the moment: its statements run
one at a time under a lock, and what ends it (its limit, a rollback) breaks off the statement that
is running and lets no other start.

A transaction that is begun by another's client is nested in it: a savepoint on its connection. What
it did is taken back with it, or is the outer one's. Until it is over the outer one waits for it,
since a savepoint does not tell whose statements came after it.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from prisma_wasm import scope
from prisma_wasm.database_errors import connection_lost
from prisma_wasm.ended import Ended, How, api_error
from prisma_wasm.errors import QueryError
from prisma_wasm.pool import Pool
from prisma_wasm.postgres import Connection
from prisma_wasm.running_time import running_timeout
from prisma_wasm.scope import Settings
from prisma_wasm.settings import settle, settle_before

ResultT = TypeVar("ResultT")

_NO_TIME: Final = "Unable to start a transaction in the given time."
_ISOLATION_LEVELS: Final = {
    "ReadUncommitted": "READ UNCOMMITTED",
    "ReadCommitted": "READ COMMITTED",
    "RepeatableRead": "REPEATABLE READ",
    "Serializable": "SERIALIZABLE",
}
_savepoints: Final = itertools.count(1)

# Who asks, where that is not the task: a synchronous client makes a task of every call.
caller: Final[ContextVar[object]] = ContextVar("prisma_wasm_caller", default=None)


def _caller() -> object:
    return caller.get() or asyncio.current_task()


class Transaction:
    """One open transaction."""

    def __init__(
        self, connection: Connection, limit: float, parent: Transaction | None = None
    ) -> None:
        self.id = secrets.token_hex(16)
        self.connection = connection
        self.started = asyncio.get_running_loop().time()
        self.limit = limit if parent is None else min(limit, parent.deadline - self.started)
        self.deadline = self.started + self.limit
        self.running: asyncio.Timeout | None = None
        self.timer: asyncio.TimerHandle | None = None
        # Of a nested one.
        self.parent = parent
        self.savepoint = f"prisma_{next(_savepoints)}" if parent else ""
        self.begun_by = _caller()
        # The one that is nested in it, and whether nothing is left of this one on the server.
        self.child: Transaction | None = None
        self.is_gone = asyncio.Event()
        self.lock: asyncio.Lock = asyncio.Lock() if parent is None else parent.lock

    def break_off(self) -> None:
        """End the statement that is running, if one is."""
        if self.child is not None:
            self.child.break_off()
        if self.running is not None and not self.running.expired():
            self.running.reschedule(asyncio.get_running_loop().time())

    async def take_back(self) -> None:
        """Have the server forget what was done."""
        if self.parent is None:
            await self.connection.rollback()
        else:
            await self.connection.rollback_to(self.savepoint)

    async def complete(self) -> None:
        """Have the server keep what was done, without what is nested and was not completed."""
        if self.child is not None:
            await self.connection.rollback_to(self.child.savepoint)
        if self.parent is None:
            await self.connection.commit()
        else:
            await self.connection.release(self.savepoint)

    def leave_parent(self) -> None:
        """Let the outer transaction go on."""
        if self.parent is not None and self.parent.child is self:
            self.parent.child = None
        self.is_gone.set()


class Transactions:
    """The open transactions of one pool, and how the last of the closed ones ended."""

    def __init__(self, pool: Pool[Connection], recover: Callable[[Connection], None]) -> None:
        self._pool = pool
        self._recover = recover
        self._open: dict[str, Transaction] = {}
        self._ended = Ended()
        self._tasks: set[asyncio.Task[None]] = set()

    # Beginning

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
        return self._added(Transaction(connection, limit))

    async def _connection(self, max_wait: float, settings: Settings) -> Connection:
        try:
            async with running_timeout(max_wait):
                return await self._pool.acquire(max_wait, settings)
        except TimeoutError:
            pass
        except QueryError as error:
            if error.code != "P2024":
                raise
        raise api_error(_NO_TIME)

    async def start_nested(self, outer: str, max_wait: float, limit: float) -> str:
        """Begin one inside of another; its id."""

        async def begin(connection: Connection) -> str:
            nested = Transaction(connection, limit, parent)
            await connection.command(f"SAVEPOINT {nested.savepoint}")
            parent.child = nested
            return self._added(nested)

        parent = self._find(outer, "start")
        try:
            async with running_timeout(max_wait):
                return await self.run(outer, begin)
        except TimeoutError:
            raise api_error(_NO_TIME) from None

    def _added(self, transaction: Transaction) -> str:
        self._open[transaction.id] = transaction
        loop = asyncio.get_running_loop()
        transaction.timer = loop.call_at(transaction.deadline, self._expire, transaction)
        return transaction.id

    # Use

    async def run(
        self, id_: str, action: Callable[[Connection], Awaitable[ResultT]], raw_sql: str = ""
    ) -> ResultT:
        """Do something inside a transaction, after what it is doing already."""
        transaction = self._find(id_, "query")
        await self._take_turn(transaction)
        try:
            return await self._run_in_time(transaction, action, raw_sql)
        except TimeoutError:
            if id_ in self._open:
                self._end(transaction, "expired")
                self._give_up(transaction)
            raise self._ended.refusal(id_, "query") from None
        except asyncio.CancelledError:
            # Where the statement stopped is not known: the transaction ends here.
            if id_ in self._open:
                self._end(transaction, "cancelled")
                self._give_up(transaction)
            raise
        finally:
            if id_ in self._open and transaction.timer is None:
                self._expire(transaction)  # its limit passed as the statement finished
            transaction.lock.release()

    async def _take_turn(self, transaction: Transaction) -> None:
        """Take the connection as soon as nobody else of this transaction has it."""
        while True:
            child = transaction.child
            if child is not None:
                if child.id in self._open and child.begun_by == _caller():
                    raise api_error(
                        "This transaction waits for the one that was begun inside of it: use that"
                        " one's client until it is over."
                    )
                await child.is_gone.wait()
            else:
                await transaction.lock.acquire()
                if transaction.child is None and transaction.id in self._open:
                    return
                transaction.lock.release()
            self._find(transaction.id, "query")

    async def _run_in_time(
        self, transaction: Transaction, action: Callable[[Connection], Awaitable[Any]], raw_sql: str
    ) -> Any:
        try:
            async with asyncio.timeout_at(transaction.deadline) as transaction.running:
                if not transaction.connection.is_usable:
                    raise connection_lost()
                await settle_before(transaction.connection, scope.current.get(), raw_sql)
                return await action(transaction.connection)
        finally:
            transaction.running = None

    # Ends

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
            try:
                await transaction.complete()
            except BaseException:
                # Whether it was committed is unknown, but it is over for certain.
                self._ended.note(id_, "rolled back")
                self._give_up(transaction)
                raise
            self._let_go(transaction)
        finally:
            transaction.lock.release()

    async def rollback(self, id_: str) -> None:
        if self._ended.was_cancelled(id_):
            self._ended.note(id_, "rolled back")  # as whoever was cancelled does next
            return
        transaction = self._find(id_, "rollback")
        self._end(transaction, "rolled back")
        # Whoever asked for it may be cancelled; the rollback goes on.
        await asyncio.shield(self._take_back_soon(transaction))

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

    def _end(self, transaction: Transaction, how: How) -> None:
        """From here on nothing can be done in it, nor in what is nested in it."""
        if transaction.timer is not None:
            transaction.timer.cancel()
        if transaction.child is not None:
            self._end(transaction.child, "rolled back")
            transaction.child.is_gone.set()
        if self._open.pop(transaction.id, None) is not None:
            self._ended.note(transaction.id, how, transaction.started, transaction.limit)

    def _give_up(self, transaction: Transaction) -> None:
        """Take back one that something went wrong with."""
        if transaction.parent is None:
            self._recover(transaction.connection)
        else:
            self._take_back_soon(transaction)

    def _take_back_soon(self, transaction: Transaction) -> asyncio.Task[None]:
        transaction.break_off()
        task = asyncio.get_running_loop().create_task(self._take_back(transaction))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _take_back(self, transaction: Transaction) -> None:
        try:
            async with transaction.lock:
                if not transaction.is_gone.is_set():
                    await transaction.take_back()
        except BaseException:
            self._pool.discard(transaction.connection)
            raise
        finally:
            transaction.leave_parent()
        self._let_go(transaction)

    def _let_go(self, transaction: Transaction) -> None:
        if transaction.parent is None:
            transaction.connection.owe(None)
            self._pool.release(transaction.connection)
        else:
            transaction.leave_parent()

    def _find(self, id_: str, operation: str) -> Transaction:
        transaction = self._open.get(id_)
        if transaction is None:
            raise self._ended.refusal(id_, operation)
        return transaction
