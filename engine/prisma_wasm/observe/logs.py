"""Statements in the log: all of them for development, slow ones in production. Never their values.

`prisma_wasm.query` gets every statement at DEBUG, `prisma_wasm.slow` those that took longer than
the limit at WARNING. `prisma_wasm.error` gets queries that fail, once its level is set to ERROR: a
program that expects a failure, such as a value that is taken, wants no line about it. What they say
is in the record's attributes too, for logs that are not text.
"""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Mapping
from typing import Any, Final

from prisma_wasm.errors import QueryError

SLOW_LIMIT: Final = "PRISMA_WASM_SLOW_QUERY_MS"

_queries: Final = logging.getLogger("prisma_wasm.query")
_slow: Final = logging.getLogger("prisma_wasm.slow")
_errors: Final = logging.getLogger("prisma_wasm.error")
_errors.setLevel(logging.CRITICAL)
# What `meta` says without quoting values: fields, constraints, and PostgreSQL's code.
_DETAILS: Final = ("target", "constraint", "field_name", "code")
_LONGEST_TEXT: Final = 2_000
_KEPT_END: Final = 500


class StatementLog:
    """Where the statements of one client are written; `slow` is a limit in seconds."""

    __slots__ = ("_prints", "_slow")

    def __init__(self, *, prints: bool, slow: float) -> None:
        self._prints = prints
        self._slow = slow

    def __call__(self, sql: str, args: list[Any], seconds: float) -> None:
        if self._prints:
            # Where the original engine's queries were seen.
            sys.stdout.write(f"prisma:query {sql}\n")
        if _queries.isEnabledFor(logging.DEBUG):
            _write(_queries, logging.DEBUG, sql, args, seconds)
        if seconds > self._slow:
            _write(_slow, logging.WARNING, sql, args, seconds)


def log_failure(query: str, error: QueryError) -> None:
    """Log a query that failed, with Prisma's code; its message may quote values."""
    if not _errors.isEnabledFor(logging.ERROR):
        return
    details = {name: error.meta[name] for name in _DETAILS if error.meta.get(name)}
    about = "".join(f", {name} {value}" for name, value in details.items())
    _errors.error(
        "%s failed: %s%s",
        query,
        error.code or "no code",
        about,
        extra={"query": query, "code": error.code, "details": details},
    )


def slow_limit(environment: Mapping[str, str]) -> float:
    """The limit that the environment gives, in seconds; without one nothing is slow."""
    text = environment.get(SLOW_LIMIT)
    if not text:
        return math.inf
    try:
        milliseconds = float(text)
    except ValueError:
        milliseconds = math.nan
    if not milliseconds >= 0:
        raise QueryError("P1012", f"{SLOW_LIMIT} must be a number of milliseconds, not {text!r}.")
    return milliseconds / 1000


def shortened(sql: str) -> str:
    """A text that a log can bear: of a long one its beginning and its end, where the tags are."""
    if len(sql) <= _LONGEST_TEXT:
        return sql
    return f"{sql[: _LONGEST_TEXT - _KEPT_END]} ... {sql[-_KEPT_END:]}"


def _write(logger: logging.Logger, level: int, sql: str, args: list[Any], seconds: float) -> None:
    text, duration = shortened(sql), round(seconds * 1000, 3)
    logger.log(
        level,
        "%.1f ms, %d parameters: %s",
        duration,
        len(args),
        text,
        extra={"sql": text, "duration_ms": duration, "parameters": len(args)},
    )
