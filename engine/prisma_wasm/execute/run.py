"""One run of a plan: the values it runs with, what it has bound, and who asks the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar


class Session(Protocol):
    """Where a plan's statements go: one connection, held for the length of the run."""

    async def fetch(
        self, sql: str, args: list[Any], *, keep: bool = True, ends: bool = False
    ) -> list[Any]:
        """`keep` says whether the statement is worth keeping for the next time, and `ends` that
        the transaction may be committed with it."""
        ...

    @property
    def database(self) -> str:
        """Which database the statements go to."""
        ...

    @property
    def can_send(self) -> bool:
        """Whether `send` sends with another statement."""
        ...

    async def send(self, sql: str, args: list[Any]) -> None:
        """Run a statement without an answer, at the latest with the next one."""
        ...

    async def execute(self, sql: str, args: list[Any], *, keep: bool = True) -> int: ...

    async def begin(self) -> bool:
        """Open a transaction, unless there is one; whether it was opened here."""
        ...

    async def commit(self) -> None:
        """Commit the transaction, unless that has been done with its last query."""
        ...

    async def rollback(self) -> None: ...


class Run:
    """One run of a plan."""

    __slots__ = (
        "_now", "ends", "failed_together", "frame", "has_sent", "is_together", "session", "values",
    )  # fmt: skip

    def __init__(self, values: list[Any], slots: int, session: Session) -> None:
        self.values = values
        self.frame: list[Any] = [None] * slots
        self.session = session
        self.ends = False  # whether a transaction was opened that ends with it
        self.is_together = False  # and whether its statements may be sent together, and have been
        self.has_sent = False
        self.failed_together = False  # and is done again, one by one
        self._now: datetime | None = None

    def now(self) -> datetime:
        """The moment of this run, to the millisecond: the same wherever it is asked for."""
        if self._now is None:
            now = datetime.now(UTC)
            self._now = now - timedelta(microseconds=now.microsecond % 1000)
        return self._now


SessionT = TypeVar("SessionT", bound=Session)
ResultT = TypeVar("ResultT")


async def in_transaction(
    session: SessionT, action: Callable[[SessionT], Awaitable[ResultT]]
) -> ResultT:
    """Do something in a transaction; in the one that is open, if there is one."""
    if not await session.begin():
        return await action(session)
    return await completed(session, action(session))


async def completed(session: Session, work: Awaitable[ResultT]) -> ResultT:
    """Commit what was done in a transaction that has been opened, or take it back."""
    try:
        result = await work
    except BaseException:
        await session.rollback()
        raise
    await session.commit()
    return result
