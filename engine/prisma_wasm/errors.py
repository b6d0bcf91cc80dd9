"""What can go wrong with a query, by Prisma's codes, and PostgreSQL's errors translated into them.

`QueryError` is the one form in which the engine reports a failure; the seam to the generated client
makes the client's own exceptions of it.
"""

from __future__ import annotations

from typing import Any


class QueryError(Exception):
    """A failure with Prisma's code (if it has one), its message for users and its details."""

    def __init__(
        self,
        code: str | None,
        message: str,
        meta: dict[str, Any] | None = None,
        *,
        error: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.meta = meta if meta is not None else {}
        self.error = error or message

    def as_answer(self) -> dict[str, Any]:
        """The error as the original engine's answer had it."""
        user_facing: dict[str, Any] = {"is_panic": False, "message": self.message}
        if self.code is not None:
            user_facing |= {"meta": self.meta, "error_code": self.code}
        return {"error": self.error, "user_facing_error": user_facing}


class OutdatedStatementError(QueryError):
    """A kept statement was refused within a transaction, because of what changed since."""

    def __init__(self, failure: QueryError) -> None:
        super().__init__(failure.code, failure.message, failure.meta, error=failure.error)
