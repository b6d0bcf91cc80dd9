"""Work that starts over when another transaction was faster."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from prisma import Prisma
from prisma.errors import (
    DataError,
    ForeignKeyViolationError,
    PrismaError,
    RawQueryError,
    UniqueViolationError,
)

from app.db import prisma

ResultT = TypeVar("ResultT")
# Each time, at least one of the transactions that meet is done.
_ATTEMPTS = 8
# Unique violation, foreign key violation, serialization failure, deadlock.
_STATES = frozenset({"23505", "23503", "40001", "40P01"})


def has_lost_race(error: PrismaError) -> bool:
    """Return whether a statement failed because another transaction wrote the same rows."""
    if isinstance(error, RawQueryError):
        return error.meta.get("code") in _STATES
    if isinstance(error, UniqueViolationError | ForeignKeyViolationError):
        return True
    return isinstance(error, DataError) and error.code == "P2034"  # a deadlock


async def retry_lost_races(work: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """Do work that is one statement or one transaction, and do it again whenever it loses a race.

    It reads anew what has changed, and so finds what the others have written.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return await work()
        except PrismaError as error:
            if not has_lost_race(error):
                raise
    return await work()


async def run_until_won(work: Callable[[Prisma], Awaitable[ResultT]]) -> ResultT:
    """Run `work` in a transaction, and again in another one whenever it loses a race."""

    async def attempt() -> ResultT:
        async with prisma.tx() as tx:
            return await work(tx)

    return await retry_lost_races(attempt)
