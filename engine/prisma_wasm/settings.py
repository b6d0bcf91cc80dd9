"""How the settings of a scope come to a connection, and what is known of those that it has.

They are sent when they differ from what the connection has, with the next statement (`owed.py`).
On a direct connection they belong to the session, which has them once that statement has worked.
Inside of a transaction, which is the only place behind a pooler and for a scope that is read-only,
they are local to it, also if it has not begun on the server yet. So a rollback takes back nothing
that is counted on. What is not known for certain any more is forgotten, and the session reset
before its next use.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Final, Protocol, TypeVar

from prisma_wasm import scope
from prisma_wasm.errors import QueryError
from prisma_wasm.execute import Session, in_transaction
from prisma_wasm.scope import Settings

# In this order: a role that the URL's options name is lost with the session's authorization.
_RESET: Final = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL"
_COMMENT: Final = r"--[^\n\r]*+|/\*(?:(?!/\*|\*/).)*\*/"
_PLAIN: Final = re.compile(
    rf"(?:\s|\(|{_COMMENT})*+(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|VALUES|TABLE)\b",
    re.IGNORECASE | re.DOTALL,
)
# Also by the view of all settings, or by a name that is spelled in escapes.
_SETTING: Final = re.compile(r"set_config|pg_settings|U&\"", re.IGNORECASE)
_ALONE: Final = re.compile(
    rf"(?:\s|{_COMMENT})*+"
    r"(?:SET\s+(?:LOCAL\s+|SESSION\s+)?TRANSACTION|(?:ROLLBACK|ABORT|COMMIT|END)\b)",
    re.IGNORECASE | re.DOTALL,
)
_DROPPING: Final = re.compile(r"DISCARD|DEALLOCATE", re.IGNORECASE)


class Held:
    """The settings of scopes that one connection has, as far as that is known."""

    __slots__ = ("_last", "_outside", "current", "in_session", "is_read_only")

    def __init__(self, *, in_session: bool | None) -> None:
        # Whether the session is the connection's own; None: that is to be found out.
        self.in_session = in_session
        # Whether a scope has made the transaction read-only; without one it says nothing.
        self.is_read_only = False
        # None: not known.
        self.current: Settings | None = ()
        self._outside: Settings | None = ()
        self._last: Settings = ()

    def begin(self) -> None:
        self._outside = self.current
        self.is_read_only = False

    def end(self) -> None:
        """After a transaction, whichever its end, the session is as it was before."""
        self.current = self._outside
        self._last = self._outside or ()

    def forget(self) -> None:
        """Something may have changed them, to the end of a transaction and beyond."""
        self.current = self._outside = None

    def put(self, settings: Settings) -> None:
        self.current = self._last = settings

    def changes(self, wanted: Settings) -> list[tuple[str, str | None]]:
        """What to set, and with None what to take back."""
        current = self.current
        if current is not None and scope.have_same_names(current, wanted):
            return [new for new, old in zip(wanted, current, strict=True) if new != old]
        held = dict(self._last if current is None else current)
        names = {name for name, _value in wanted}
        # PostgreSQL takes no transaction's being read-only back: that ends with it.
        names.add(scope.READ_ONLY)
        gone: list[tuple[str, str | None]] = [(name, None) for name in held if name not in names]
        if current is None:
            return gone + list(wanted)
        return gone + [(name, value) for name, value in wanted if held.get(name) != value]


class Settled(Session, Protocol):
    """A connection that has settings."""

    @property
    def held(self) -> Held: ...

    @property
    def is_in_transaction(self) -> bool: ...

    def owe(self, settings: Settings | None) -> None: ...

    def commit_with_next(self) -> None: ...

    async def is_direct(self) -> bool: ...

    async def command(self, sql: str) -> str: ...


SettledT = TypeVar("SettledT", bound=Settled)
ResultT = TypeVar("ResultT")


async def settle(connection: Settled, wanted: Settings) -> bool:
    """Give a connection these settings and no others, with its next statement.

    False: they need a transaction, since the session is not its own or they are read-only.
    """
    held = connection.held
    if held.current == wanted:
        connection.owe(None)
        return True
    if held.current is None and not scope.is_used():
        return True  # where there are no scopes, what callers SET is theirs to take back
    local = connection.is_in_transaction
    if not local:
        if held.in_session is None:
            held.in_session = await connection.is_direct()
        if not held.in_session:
            held.put(())
            return not wanted
        if held.current is None:
            await connection.command(_RESET)
            held.put(())
    if scope.is_read_only(wanted):
        if not local:
            return False
        held.is_read_only = True
    connection.owe(wanted)
    return True


async def settle_inside(connection: Settled, wanted: Settings) -> None:
    """The same for a connection that is in a transaction."""
    if not await settle(connection, wanted):
        raise QueryError(
            None,
            "The transaction was ended by a raw statement: the settings of a scope have no place.",
        )


async def settle_before(connection: Settled, wanted: Settings, raw_sql: str) -> None:
    """The same before a statement that may be one that nothing goes before."""
    if goes_alone(raw_sql) and (connection.is_in_transaction or not scope.is_read_only(wanted)):
        connection.owe(None)
    else:
        await settle_inside(connection, wanted)


def in_local_scope(
    action: Callable[[SettledT], Awaitable[ResultT]],
    settings: Settings,
    *,
    is_one_statement: bool,
) -> Callable[[SettledT], Awaitable[ResultT]]:
    """The same in a transaction that has these settings and ends with it."""

    async def with_settings(connection: SettledT) -> ResultT:
        await settle_inside(connection, settings)
        if is_one_statement:
            connection.commit_with_next()
        return await action(connection)

    return lambda connection: in_transaction(connection, with_settings)


def may_change_settings(sql: str) -> bool:
    """Whether a statement that somebody wrote is anything but a plain query."""
    return _PLAIN.match(sql) is None or _SETTING.search(sql) is not None


def goes_alone(sql: str) -> bool:
    """Whether no settings may go before it: it has to come first in its transaction, or ends it,
    or a part of it, which may have failed."""
    return _ALONE.match(sql) is not None


def may_drop_statements(sql: str) -> bool:
    """Whether prepared statements may be gone after it."""
    return _DROPPING.search(sql) is not None


def change_of(changes: list[tuple[str, str | None]], *, local: bool) -> tuple[str, list[Any]]:
    """The statement that makes these changes, without a row, and its arguments."""
    values = [part for change in changes for part in change]
    return _statement(len(changes), local=local), values


@lru_cache(maxsize=64)
def _statement(count: int, *, local: bool) -> str:
    # A setting is never null, not even one that is taken back: all are set, and no row comes.
    calls = (
        f"pg_catalog.set_config(${2 * n + 1}, ${2 * n + 2}, {str(local).lower()}) IS NULL"
        for n in range(count)
    )
    return "SELECT WHERE " + " OR ".join(calls)
