"""Preparing statements on one connection, and bringing arguments into the forms they take."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from prisma_wasm.address import Address
from prisma_wasm.asyncpg_internals import execution
from prisma_wasm.database_errors import bad_argument, wrong_number_of_arguments
from prisma_wasm.driver import RawConnection, as_database_error
from prisma_wasm.errors import QueryError
from prisma_wasm.link import Link, OnQuery
from prisma_wasm.observe.tags import without_tags
from prisma_wasm.parameters import (
    FIRST_OWN_TYPE,
    ArgumentError,
    encode,
    encoders,
    text_for_server,
)
from prisma_wasm.raw_parameters import (
    INT4,
    INT8,
    UNDECLARED,
    Accepted,
    Types,
    attempts,
    misread,
    replaced,
)
from prisma_wasm.results import mender
from prisma_wasm.settings import may_change_settings
from prisma_wasm.statements import (
    Prepared,
    declaring,
    key_of,
    learn_intervals,
    prepare_declared,
)

# What PostgreSQL says of types that do not fit: no such function or operator, or several; another
# type expected; no such cast; no type to be inferred, or two.
_REFUSED_FOR_TYPES: Final = frozenset(
    {"42883", "42725", "42804", "42809", "42846", "42P08", "42P18"}
)
_SAVEPOINT: Final = "prisma_wasm_prepare"
# Parameters of one statement that are declared again one by one.
_MOST_DECLARED_AGAIN: Final = 16


class Preparing(Link):
    """A connection that prepares statements and keeps them."""

    def __init__(
        self, raw: RawConnection, address: Address, on_query: OnQuery, accepted: Accepted | None
    ) -> None:
        super().__init__(raw, address, on_query)
        self._accepted = Accepted() if accepted is None else accepted
        self._knows_intervals = False

    async def _ready(
        self, sql: str, args: list[Any], *, raw: bool, keep: bool = True, types: Types = ()
    ) -> tuple[Prepared, list[Any]]:
        """The prepared statement and its encoded arguments."""
        # This is `key_of`, without a call: every query comes through here.
        prepared = self._statements.find((sql, types) if types else sql)
        if prepared is None and UNDECLARED in types:
            filled = self._accepted.filled(without_tags(sql), args, types)
            prepared = self._statements.find(key_of(sql, filled))
        if prepared is None:
            # What is prepared inside of the transaction keeps its table from being changed until
            # it runs, and what goes ahead of a statement would take the unnamed one's place.
            if self._owed:
                await self.flush()
            if types:
                prepared = await self._prepare_typed(sql, args, types, keep=keep)
            else:
                prepared = await self._prepare(sql, raw=raw, keep=keep)
        if len(args) != len(prepared.encoders):
            await self._finish_preparing()
            raise wrong_number_of_arguments(len(prepared.encoders), len(args), raw=raw)
        try:
            return prepared, encode(prepared.encoders, args)
        except ArgumentError as error:
            return prepared, await self._encode_with_server(prepared, args, error, raw=raw)

    async def _encode_with_server(
        self, prepared: Prepared, args: list[Any], refusal: ArgumentError, *, raw: bool
    ) -> list[Any]:
        """Have PostgreSQL read what nobody here could: it knows more forms, or says its error."""
        functions = list(prepared.encoders)
        given = list(args)
        types = prepared.statement.get_parameters()
        while True:
            position, kind = refusal.position, types[refusal.position]
            if kind.oid >= FIRST_OWN_TYPE:
                await self._finish_preparing()
                raise bad_argument(str(refusal), raw=raw) from refusal
            source, text = text_for_server(given[position])
            query = f"SELECT $1::{source}::{kind.name}"
            try:
                statement = await self._raw.prepare(query, name="")
                ((given[position],),) = await statement.fetch(text)
            except BaseException as error:
                self._fail(error, query, raw=raw)
            functions[position] = None
            try:
                return encode(functions, given)
            except ArgumentError as error:
                refusal = error

    async def _finish_preparing(self) -> None:
        """Preparing opens a transaction on the server, which ends with the statement's execution.

        Where that does not follow, its locks would stay for as long as the connection is idle.
        """
        try:
            await self._raw.execute("SELECT")
        except BaseException as error:
            self._fail(error, "SELECT", raw=False)

    async def _prepare(
        self, sql: str, *, raw: bool, keep: bool, types: Types = (), declared: Types = ()
    ) -> Prepared:
        """Prepare a statement; `types` are those it is asked for with, `declared` those it has."""
        keeps = keep and self._statements.size > 0
        self.asked_at = time.perf_counter()
        try:
            statement = await prepare_declared(self._raw, self._wire, sql, declared, named=keeps)
            if raw and any(kind.name == "interval" for kind in statement.get_parameters()):
                await self._learn_intervals()
                statement = await prepare_declared(
                    self._raw, self._wire, sql, declared, named=keeps
                )
        except BaseException as error:
            self._fail(error, key_of(sql, types), raw=raw)
        finally:
            self.asked_at = None
        execute = execution(statement)
        if declared and not keeps:
            execute = declaring(execute, self._wire, sql, declared)
        prepared = Prepared(
            key_of(sql, types),
            statement,
            execute,
            encoders(statement.get_parameters()),
            mender(statement.get_attributes()),
            is_plain=not (raw and may_change_settings(sql)),
        )
        if keeps:
            self._statements.keep(prepared.key, prepared)
        return prepared

    async def _prepare_typed(
        self, sql: str, args: list[Any], types: Types, *, keep: bool
    ) -> Prepared:
        """Prepare a raw statement with the types of its parameters, or with those it takes."""
        statement = without_tags(sql)
        prepared = await self._prepare_accepted(sql, statement, types, keep=keep)
        if not (keep and self._statements.size > 0):
            return prepared
        filled = self._accepted.filled(statement, args, types)
        if filled == types:
            self._accepted.note_latest(statement, types)
            return prepared
        return await self._prepare_filled(sql, statement, args, types, filled, prepared)

    async def _prepare_accepted(
        self, sql: str, statement: str, types: Types, *, keep: bool
    ) -> Prepared:
        """Prepare a statement with the types that were accepted last time, or find them out."""
        known = self._accepted.find(statement, types)
        if known is not None:
            found = await self._attempt(sql, types, known, keep=keep)
            if isinstance(found, Prepared):
                return found
            self._accepted.forget(statement, types)  # the tables have changed
        prepared, declared = await self._prepare_first(sql, types, keep=keep)
        self._accepted.note(statement, types, declared)
        return prepared

    async def _prepare_filled(
        self,
        sql: str,
        statement: str,
        args: list[Any],
        types: Types,
        filled: Types,
        prepared: Prepared,
    ) -> Prepared:
        """Prepare a statement with types in the places of None, instead of one for each pattern.

        `filled` has them from parameters of another time. They must leave the other parameters'
        types as they are without them.
        """
        own = self._accepted.find(statement, types)
        others = self._accepted.find(statement, self._accepted.latest(statement) or types)
        if own is None or others is None:
            return prepared
        nothing = (UNDECLARED,) * len(types)
        declared = tuple(
            other if value is None else type_
            for value, type_, other in zip(args, own or nothing, others or nothing, strict=True)
        )
        found = await self._attempt(sql, filled, declared, keep=True)
        if not isinstance(found, Prepared):
            self._accepted.never_fill(statement)
            return prepared
        if not _have_same_types(args, prepared, found):
            self._statements.drop(found.key)
            self._accepted.never_fill(statement)
            return prepared
        self._statements.drop(prepared.key)
        self._accepted.note(statement, filled, declared)
        self._accepted.note_latest(statement, filled)
        return found

    async def _prepare_first(self, sql: str, types: Types, *, keep: bool) -> tuple[Prepared, Types]:
        """Prepare a statement of which nothing is known; return it and the types it has."""
        refusal: QueryError | None = None
        *earlier, last = attempts(types)
        for declared in earlier:
            found = await self._attempt(sql, types, declared, keep=keep)
            if isinstance(found, Prepared):
                if declared:
                    return found, declared
                return await self._declare_misread(sql, types, found, keep=keep)
            refusal = refusal or found
        try:
            prepared = await self._prepare(sql, raw=True, keep=keep, types=types, declared=last)
        except QueryError as error:
            if refusal is None or not _is_refused_for_types(error):
                raise
            raise refusal from refusal.__cause__
        if last:
            return prepared, last
        return await self._declare_misread(sql, types, prepared, keep=keep)

    async def _declare_misread(
        self, sql: str, types: Types, inferred: Prepared, *, keep: bool
    ) -> tuple[Prepared, Types]:
        """Declare again what was inferred as a text and is none, as far as PostgreSQL takes it.

        A number that is refused as int8 may be meant for a function of int4.
        """
        positions = misread(types, [kind.oid for kind in inferred.statement.get_parameters()])
        if not positions:
            return inferred, ()
        all_of_them = tuple(
            type_ if position in positions else UNDECLARED for position, type_ in enumerate(types)
        )
        found = await self._attempt(sql, types, all_of_them, keep=keep)
        if isinstance(found, Prepared):
            return found, all_of_them
        accepted = (UNDECLARED,) * len(types)
        for position in positions[:_MOST_DECLARED_AGAIN]:
            own = types[position]
            for type_ in (own, INT4) if own == INT8 else (own,):
                declared = replaced(accepted, position, type_)
                if declared == all_of_them:
                    continue
                found = await self._attempt(sql, types, declared, keep=keep)
                if isinstance(found, Prepared):
                    accepted = declared
                    break
        declared = accepted if any(accepted) else ()
        # The refusals have dropped what was kept.
        prepared = await self._prepare(sql, raw=True, keep=keep, types=types, declared=declared)
        return prepared, declared

    async def _attempt(
        self, sql: str, types: Types, declared: Types, *, keep: bool
    ) -> Prepared | QueryError:
        """Prepare a statement, or return the error if it is refused for its types."""
        try:
            async with self._undone_if_refused():
                return await self._prepare(sql, raw=True, keep=keep, types=types, declared=declared)
        except QueryError as error:
            if not _is_refused_for_types(error):
                raise
            return error

    @asynccontextmanager
    async def _undone_if_refused(self) -> AsyncGenerator[None]:
        """In a transaction, a block whose statement may be refused without aborting it."""
        if not self._raw.is_in_transaction():
            yield
            return
        await self._run(f"SAVEPOINT {_SAVEPOINT}")
        try:
            yield
        except QueryError as error:
            if _is_refused_for_types(error) and self.is_usable:
                await self._run(
                    f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}; RELEASE SAVEPOINT {_SAVEPOINT}"
                )
            raise
        await self._run(f"RELEASE SAVEPOINT {_SAVEPOINT}")

    async def _run(self, sql: str) -> None:
        try:
            await self._raw.execute(sql)
        except BaseException as error:
            self._fail(error, sql, raw=True)

    async def _learn_intervals(self) -> None:
        if not self._knows_intervals:
            await learn_intervals(self._raw)
            self._knows_intervals = True


def _is_refused_for_types(error: QueryError) -> bool:
    """Whether PostgreSQL refused a statement for the types of its parameters."""
    sent = None if error.__cause__ is None else as_database_error(error.__cause__)
    return sent is not None and sent.sqlstate in _REFUSED_FOR_TYPES


def _have_same_types(args: list[Any], one: Prepared, other: Prepared) -> bool:
    """Whether two statements take the same types for the arguments that are not None."""
    types = zip(
        args, one.statement.get_parameters(), other.statement.get_parameters(), strict=False
    )
    return all(value is None or first.oid == second.oid for value, first, second in types)
