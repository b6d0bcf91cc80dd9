"""`exact_decimals`: raw queries whose decimals are `Decimal`, to the last digit.

    with exact_decimals():
        rows = await db.query_raw("SELECT sum(amount) AS total FROM payment")

The client makes floats of them, as it always has.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_is_exact: Final[ContextVar[bool]] = ContextVar("prisma_wasm_exact", default=False)
is_wanted = _is_exact.get


@contextmanager
def exact_decimals() -> Generator[None]:
    """A block whose raw queries answer with `Decimal` for numeric and money."""
    token = _is_exact.set(True)
    try:
        yield
    finally:
        _is_exact.reset(token)
