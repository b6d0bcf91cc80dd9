"""Transactions that are over: how each ended, for those who still come with its id."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, Literal, NamedTuple

from prisma_wasm.errors import QueryError

_REMEMBERED: Final = 1000

How = Literal["committed", "rolled back", "expired", "cancelled"]


def api_error(reason: str) -> QueryError:
    """An error of the transactions' own."""
    return QueryError("P2028", f"Transaction API error: {reason}", {"error": reason}, error=reason)


class _End(NamedTuple):
    how: How
    limit: float
    elapsed: float


class Ended:
    """How the last transactions of one pool ended."""

    def __init__(self) -> None:
        self._ends: OrderedDict[str, _End] = OrderedDict()

    def note(self, id_: str, how: How, started: float = 0, limit: float = 0) -> None:
        """Remember an end; `started` is the event loop's time, `limit` in seconds."""
        elapsed = asyncio.get_running_loop().time() - started
        self._ends[id_] = _End(how, limit, elapsed)
        self._ends.move_to_end(id_)
        while len(self._ends) > _REMEMBERED:
            self._ends.popitem(last=False)

    def was_cancelled(self, id_: str) -> bool:
        """Whether it ended with the task that used it, who may still want to roll it back."""
        end = self._ends.get(id_)
        return end is not None and end.how == "cancelled"

    def refusal(self, id_: str, operation: str) -> QueryError:
        """What is said to whoever comes too late."""
        end = self._ends.get(id_)
        if end is None:
            return api_error(
                "Transaction not found. Transaction ID is invalid, refers to an old closed"
                " transaction Prisma doesn't have information about anymore, or was obtained"
                " before disconnecting."
            )
        closed = f"Transaction already closed: A {operation} cannot be executed on"
        if end.how == "cancelled":
            return api_error(f"{closed} a rolled back, since cancelled, transaction.")
        if end.how != "expired":
            return api_error(f"{closed} a {end.how} transaction.")
        limit, elapsed = round(end.limit * 1000), round(end.elapsed * 1000)
        return api_error(
            f"{closed} an expired transaction. The timeout for this transaction was {limit} ms,"
            f" however {elapsed} ms passed since the start of the transaction. Consider increasing"
            " the interactive transaction timeout or doing less work in the transaction."
        )
