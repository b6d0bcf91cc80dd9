"""Queries on one connection to PostgreSQL, by asyncpg.

A connection keeps the statements it has prepared, so that a query costs one round trip. It is a
`Session` of plans (fetch, execute, begin, commit, rollback) as long as somebody holds it.
"""

from __future__ import annotations

import time
from typing import Any, Final

from prisma_wasm import wire
from prisma_wasm.address import Address
from prisma_wasm.asyncpg_internals import SENT_PAST_THE_WIRE, unsupported
from prisma_wasm.dial import dial
from prisma_wasm.driver import (
    Answer,
    Column,
    as_database_error,
    is_of_server,
    is_outdated_statement,
    was_refused_here,
)
from prisma_wasm.link import BEGIN, COMMIT, OnQuery
from prisma_wasm.owed import Owed, Silent, as_texts
from prisma_wasm.preparing import Preparing
from prisma_wasm.raw_parameters import Accepted, Parameters, Types
from prisma_wasm.scope import Settings
from prisma_wasm.settings import change_of, may_drop_statements
from prisma_wasm.statements import Prepared

_BEGIN: Final = Silent(BEGIN, [], wire.command(BEGIN))
_COMMIT: Final = wire.command(COMMIT)


def _silent(sql: str, args: list[Any], prepared: Prepared, texts: list[str | None]) -> Silent:
    message = wire.statement(prepared.statement.get_name(), texts)
    return Silent(sql, args, message, prepared)


class Connection(Preparing):
    """One connection, used by one query or transaction at a time."""

    # What plans ask

    async def is_direct(self) -> bool:
        """Whether the server itself answers: a pooler names another process than its session's."""
        ((process,),) = await self.fetch("SELECT pg_catalog.pg_backend_pid()", [])
        return process == self._raw.get_server_pid()

    async def fetch(
        self,
        sql: str,
        args: list[Any],
        *,
        keep: bool = True,
        ends: bool = False,
        again: bool = True,
    ) -> list[Any]:
        """The rows of a statement."""
        prepared, values = await self._ready(sql, args, raw=False, keep=keep)
        # With a statement that has no name the driver sends its text first.
        ends = (ends or self._owed.commit) and bool(prepared.statement.get_name())
        started = self.asked_at = time.perf_counter()
        try:
            if self._owed or ends:
                rows, _, _ = await self._with_owed(prepared, values, ends=ends)
            else:
                rows, _, _ = await prepared.execute(values)
        except BaseException as error:
            if self._was_outdated(error) and again:
                return await self.fetch(sql, args, keep=keep, again=False)
            self._fail(error, sql, raw=False)
        finally:
            self.asked_at = None
            self._on_query(sql, args, time.perf_counter() - started)
        if ends and not self._in_transaction:
            self._on_query(COMMIT, [], 0)
        return rows if prepared.mend is None else prepared.mend(rows)

    @property
    def can_send(self) -> bool:
        # A limit for an answer is one for each statement.
        has_limit = self._address.socket_timeout is not None
        return self._in_transaction and self._statements.size > 0 and not has_limit

    async def send(self, sql: str, args: list[Any]) -> None:
        """Run a statement of a transaction whose answer nobody waits for, with the next one."""
        if not self.can_send:
            await self.execute(sql, args)
            return
        prepared, values = await self._ready(sql, args, raw=False)
        texts = as_texts(values)
        if texts is None:
            await self.execute(sql, args)
            return
        self._owed.statements.append(_silent(sql, args, prepared, texts))

    async def execute(
        self, sql: str, args: list[Any], *, keep: bool = True, again: bool = True
    ) -> int:
        """The number of rows that a statement affected."""
        prepared, values = await self._ready(sql, args, raw=False, keep=keep)
        return await self._affected(prepared, sql, args, values, raw=False, keep=keep, again=again)

    # What raw queries ask

    async def fetch_raw(
        self, sql: str, given: Parameters, *, keep: bool = True, again: bool = True
    ) -> tuple[list[Column], list[Any]]:
        """The columns and the rows of a statement that the caller wrote."""
        args, types = given
        prepared, values = await self._ready(sql, args, raw=True, keep=keep, types=types)
        if not prepared.is_plain:
            await self.flush()
            self._expect_anything(sql)
        ends = self._owed.commit and bool(prepared.statement.get_name())
        started = self.asked_at = time.perf_counter()
        try:
            rows, _, _ = await self._with_owed(prepared, values, ends=ends)
            columns = list(prepared.statement.get_attributes())
        except BaseException as error:
            if self._was_outdated(error) and again:
                return await self.fetch_raw(sql, given, keep=keep, again=False)
            self._fail(error, prepared.key, raw=True)
        finally:
            self.asked_at = None
            self._on_query(sql, args, time.perf_counter() - started)
        if ends:
            self._on_query(COMMIT, [], 0)
        return columns, rows

    async def execute_raw(
        self, sql: str, given: Parameters, *, keep: bool = True, again: bool = True
    ) -> int:
        """The number of rows that a statement affected that the caller wrote."""
        args, types = given
        prepared, values = await self._ready(sql, args, raw=True, keep=keep, types=types)
        if not prepared.is_plain:
            await self.flush()
            self._expect_anything(sql)
        return await self._affected(
            prepared, sql, args, values, raw=True, keep=keep, again=again, types=types
        )

    # Statements

    async def flush(self) -> None:
        """Send what is owed by itself."""
        owed, self._owed = self._owed, Owed()
        if owed.begin:
            await self.command(BEGIN)
        if owed.settings is not None:
            change = self._change(owed.settings)
            self.held.current = None  # until the server has answered
            if change:
                await self.fetch(*change)
            self.held.put(owed.settings)
        for silent in owed.statements:
            await self.execute(silent.sql, silent.args)

    def _change(self, wanted: Settings) -> tuple[str, list[Any]] | None:
        """The statement that gives the connection these settings, if it has not got them."""
        changes = self.held.changes(wanted)
        return change_of(changes, local=self.is_in_transaction) if changes else None

    async def _with_owed(
        self, prepared: Prepared, values: list[Any], *, ends: bool = False
    ) -> Answer:
        """The answer to a statement that comes after what is owed, or with a COMMIT."""
        owed, wire_ = self._owed, self._wire
        if not (owed or ends):
            return await prepared.execute(values)
        wanted = owed.settings
        ahead = await self._ahead(wanted)
        self.asked_at = time.perf_counter()
        wire_.ahead = b"".join([silent.message for silent in ahead])
        wire_.after = _COMMIT if ends else b""
        try:
            answer = await prepared.execute(values)
        except BaseException as error:
            if wire_.forget():
                self._went_alone(error)
                raise  # nothing was sent
            self._note(ahead)
            owed.begin = owed.commit = False
            owed.statements.clear()
            # An error of the server's took back the settings, which are owed as before.
            if wanted is not None and not is_of_server(error):
                self.held.forget()
            raise
        goes_on = owed.begin and not ends
        if wire_.forget() or ((goes_on or ends) and self._raw.is_in_transaction() != goes_on):
            self._went_alone()
        owed.clear()
        if wanted is not None:
            self.held.put(wanted)
        if ends:
            self._ended()
            self._is_unsettled = False
        self._note(ahead)
        return answer

    def _went_alone(self, error: BaseException | None = None) -> None:
        """Give up a connection whose driver sent a statement without what precedes or follows it.

        The statement had the settings of the connection's last user then, or no transaction.
        """
        refusal = None if error is None else as_database_error(error)
        if refusal is not None and was_refused_here(refusal):
            return  # the driver would not send the statement at all
        self.terminate()
        if error is None or isinstance(error, Exception):
            raise unsupported(SENT_PAST_THE_WIRE) from error

    def _note(self, sent: list[Silent]) -> None:
        """Log what went ahead of a statement, whose time is theirs too."""
        for silent in sent:
            self._on_query(silent.sql, silent.args, 0)

    async def _ahead(self, wanted: Settings | None) -> list[Silent]:
        """What is owed, as messages."""
        ahead = [_BEGIN] if self._owed.begin else []
        change = None if wanted is None else self._change(wanted)
        if change:
            sql, args = change
            prepared = self._statements.find(sql) or await self._prepare(sql, raw=False, keep=True)
            ahead.append(_silent(sql, args, prepared, args))
        return ahead + self._owed.statements

    async def _affected(
        self,
        prepared: Prepared,
        sql: str,
        args: list[Any],
        values: list[Any],
        *,
        raw: bool,
        keep: bool,
        again: bool,
        types: Types = (),
    ) -> int:
        started = self.asked_at = time.perf_counter()
        try:
            _, status, _ = await self._with_owed(prepared, values)
        except BaseException as error:
            if self._was_outdated(error) and again:
                if raw:
                    given = Parameters(args, types)
                    return await self.execute_raw(sql, given, keep=keep, again=False)
                return await self.execute(sql, args, keep=keep, again=False)
            self._fail(error, prepared.key, raw=raw)
        finally:
            self.asked_at = None
            self._on_query(sql, args, time.perf_counter() - started)
        count = (status or b"").rpartition(b" ")[2]
        return int(count) if count.isdigit() else 0

    def _expect_anything(self, sql: str) -> None:
        """A statement that is no plain query may change what was set, or drop what was prepared."""
        self.held.forget()
        if may_drop_statements(sql):
            self._statements.clear()

    def _was_outdated(self, error: BaseException) -> bool:
        """Whether tables changed under a kept statement, which can be prepared and run again."""
        if not is_outdated_statement(error):
            return False
        self._statements.clear()
        # In a transaction the server refuses everything from here on.
        return not (self._in_transaction or self._raw.is_in_transaction())


async def connect(
    address: Address, on_query: OnQuery, accepted: Accepted | None = None
) -> Connection:
    """Open a connection within the URL's limit."""
    return Connection(await dial(address), address, on_query, accepted)
