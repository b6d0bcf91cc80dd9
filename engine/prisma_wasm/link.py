"""One connection to PostgreSQL as the pool and transactions have it, and what failures mean to it.

The queries on it are in `postgres.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Final, NoReturn

from prisma_wasm.address import Address
from prisma_wasm.asyncpg_internals import cut, disown, wire_of
from prisma_wasm.database_errors import (
    connection_lost,
    is_aborted,
    is_connection_lost,
    reads_only,
    rolled_back,
    translate,
    translate_raw,
)
from prisma_wasm.dial import Place, place_of
from prisma_wasm.driver import (
    INTERFACE_ERROR,
    INTERNAL_ERROR,
    OUTDATED_TYPE,
    RawConnection,
    as_database_error,
    is_outdated_statement,
    was_refused_here,
)
from prisma_wasm.errors import OutdatedStatementError, QueryError
from prisma_wasm.owed import Owed
from prisma_wasm.scope import Settings
from prisma_wasm.settings import Held
from prisma_wasm.statements import Key, Statements

_RECOVERY_LIMIT: Final = 1.0
BEGIN: Final = "BEGIN"
COMMIT: Final = "COMMIT"

OnQuery = Callable[[str, list[Any], float], None]


class Link(ABC):
    """A connection, used by one query or transaction at a time."""

    def __init__(self, raw: RawConnection, address: Address, on_query: OnQuery) -> None:
        self._raw = raw
        self._address = address
        self._on_query = on_query
        self._wire = wire_of(raw)
        self._statements = Statements(address.statement_cache_size)
        self._owed = Owed()
        self._settings_after: Settings | None = None
        self.database = f"{address.place}/{address.database}"
        self._in_transaction = False
        self._is_broken = False
        self._is_unsettled = False
        self.held = Held(in_session=address.session_settings)
        self.asked_at: float | None = None

    # What the pool asks

    @property
    def setup(self) -> Settings | None:
        return self.held.current

    @property
    def is_usable(self) -> bool:
        return not self._is_broken and not self._raw.is_closed()

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing of this use is left: no transaction, no locks, nothing that is owed."""
        return not self._is_unsettled and not self._owed and not self.is_in_transaction

    def terminate(self) -> None:
        """Cut the connection; from its own event loop."""
        self._is_broken = True
        with contextlib.suppress(Exception):
            self._raw.terminate()

    def abandon(self) -> None:
        """Cut the connection without its event loop, which may be closed or another thread's."""
        self._is_broken = True
        cut(self._raw)

    def disown(self) -> None:
        """Let go of this process's copy of another's connection, which goes on there."""
        self._is_broken = True
        with contextlib.suppress(Exception):
            disown(self._raw)

    @property
    def place(self) -> Place | None:
        """Which server the connection leads to."""
        return place_of(self._raw)

    async def close(self) -> None:
        with contextlib.suppress(Exception):
            await self._raw.close(timeout=_RECOVERY_LIMIT)

    # Transactions

    @property
    def is_in_transaction(self) -> bool:
        return not self._is_broken and (self._owed.begin or self._raw.is_in_transaction())

    async def begin(self, command: str = BEGIN) -> bool:
        if self._in_transaction:
            return False
        if command == BEGIN:
            self._owed.begin = True
        else:
            # A level of isolation is too late once the server has read another statement.
            await self.command(command)
        self._in_transaction = True
        self._settings_after = self._owed.settings
        self.held.begin()
        return True

    def commit_with_next(self) -> None:
        """Commit with the next statement, which is the transaction's only one, if that can be."""
        self._owed.commit = True

    async def commit(self) -> None:
        if not self._in_transaction:
            return  # it went with the last query
        if self._owed.statements:
            await self.flush()
        has_begun = not self._owed.begin
        self._owed.clear()
        try:
            done = await self.command(COMMIT) if has_begun else COMMIT
        finally:
            self._ended()  # a COMMIT that fails has ended the transaction too
        self._is_unsettled = False
        if done == "ROLLBACK":
            raise rolled_back()

    async def rollback(self) -> None:
        """Take back the transaction, or give up the connection if that cannot be told."""
        has_begun = not self._owed.begin
        self._owed.clear()
        self._ended()
        if has_begun:
            await self._end("ROLLBACK")

    def _ended(self) -> None:
        self._in_transaction = False
        self.held.end()
        # What was owed before it went to the transaction alone.
        self.owe(self._settings_after)
        self._settings_after = None

    @abstractmethod
    async def flush(self) -> None:
        """Send what is owed by itself."""

    def owe(self, settings: Settings | None) -> None:
        """Give the connection these settings with its next statement."""
        self._owed.settings = settings

    async def _end(self, command: str) -> None:
        if not self.is_usable:
            return
        try:
            async with asyncio.timeout(_RECOVERY_LIMIT):
                await self._raw.execute(command)
            self._is_unsettled = False
        except BaseException as error:
            self.terminate()
            if not isinstance(error, Exception):
                raise

    async def release(self, savepoint: str) -> None:
        """Let what came after a savepoint belong to the transaction."""
        try:
            await self.command(f"RELEASE SAVEPOINT {savepoint}")
            if self.held.is_read_only:
                # What came before the savepoint may have been writable, and is so again.
                self.held.current = None
        except QueryError as error:
            if is_aborted(error.__cause__):
                raise rolled_back() from error
            raise

    async def rollback_to(self, savepoint: str) -> None:
        """Take back what came after a savepoint, or give up the connection."""
        self.held.forget()
        self._owed.clear()
        await self._end(f"ROLLBACK TO SAVEPOINT {savepoint}; RELEASE SAVEPOINT {savepoint}")

    async def command(self, sql: str) -> str:
        """A command without arguments or rows; what the server says it did."""
        if self._owed:
            await self.flush()
        started = self.asked_at = time.perf_counter()
        try:
            return await self._raw.execute(sql)
        except BaseException as error:
            self._fail(error, sql, raw=False)
        finally:
            self.asked_at = None
            self._on_query(sql, [], time.perf_counter() - started)

    async def recover(self) -> bool:
        """After a broken-off query: end what is left of it on the server; whether that worked."""
        self._owed.clear()
        try:
            async with asyncio.timeout(_RECOVERY_LIMIT):
                if not self._raw.is_in_transaction():
                    await self._raw.execute("SELECT")
                # Only after an answer is it known whether a cancelled BEGIN came through.
                if self._raw.is_in_transaction():
                    await self._raw.execute("ROLLBACK")
        except Exception:  # whatever it was, the connection is given up
            return False
        self._in_transaction = self._is_unsettled = False
        self.held.forget()
        return self.is_usable

    # Failures

    def _fail(self, error: BaseException, sql: Key, *, raw: bool) -> NoReturn:
        """Raise what a failure means to the caller, and note what it means to this connection."""
        sent = as_database_error(error)
        if sent is not None:
            self._statements.drop(sql)
            if was_refused_here(sent):
                # The statement was prepared, and its execution never ended what that began.
                self._is_unsettled = True
            if is_connection_lost(error):
                self._is_broken = True
                raise connection_lost() from error
            if reads_only(sent) and not (self._in_transaction and self.held.is_read_only):
                # It may have become a standby: the next one is dialled anew.
                self._is_broken = True
            failure = translate_raw(sent) if raw else translate(sent)
            if is_outdated_statement(error):
                failure = OutdatedStatementError(failure)
            raise failure from error
        if isinstance(error, TimeoutError):
            self._is_broken = True
            raise QueryError(
                "P1008", "Operations timed out after the limit of `socket_timeout`."
            ) from error
        if is_connection_lost(error):
            self._is_broken = True
            raise connection_lost() from error
        if isinstance(error, INTERNAL_ERROR):
            self._is_broken = True
            if not isinstance(error, OUTDATED_TYPE):
                # The driver lost its way, such as by words of the server before it hangs up.
                raise connection_lost() from error
        if isinstance(error, INTERFACE_ERROR | OUTDATED_TYPE):
            raise QueryError(None, f"Error occurred during query execution:\n{error}") from error
        raise error
