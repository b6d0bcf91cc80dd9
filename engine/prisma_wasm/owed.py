"""What a connection owes the server: a transaction's BEGIN, a scope's settings, statements without
an answer, and the COMMIT. It goes with the next statement, in the same message (`wire.py`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from prisma_wasm.scalars import is_unicode
from prisma_wasm.scope import Settings
from prisma_wasm.serializers import JsonText

# What the driver takes for the infinities lies on these days.
_INFINITE: Final = (date.min, date.max)


class Silent(NamedTuple):
    """A statement whose answer nobody waits for, and the message that runs it."""

    sql: str
    args: list[Any]
    message: bytes
    prepared: object = None  # the server forgets what nobody here holds


class Owed:
    """All of it, in the order in which it is sent."""

    __slots__ = ("begin", "commit", "settings", "statements")

    def __init__(self) -> None:
        self.begin = False
        self.settings: Settings | None = None
        self.statements: list[Silent] = []
        self.commit = False  # after the next statement

    def __bool__(self) -> bool:
        return self.begin or self.settings is not None or bool(self.statements)

    def clear(self) -> None:
        self.begin = False
        self.settings = None
        self.statements.clear()
        self.commit = False


def as_texts(values: list[Any]) -> list[str | None] | None:
    """Arguments as PostgreSQL reads them from texts; None if one has no such form that is known."""
    texts: list[str | None] = []
    value: object
    for value in values:
        if value is None:
            texts.append(None)
            continue
        to_text = _TEXTS.get(type(value))
        text = None if to_text is None else to_text(value)
        if text is None:
            return None
        texts.append(text)
    return texts


def _string(value: str) -> str | None:
    return value if is_unicode(value) else None


def _moment(value: datetime) -> str | None:
    return None if value.date() in _INFINITE else value.isoformat(" ")


_TEXTS: Final[dict[type, Callable[[Any], str | None]]] = {
    str: _string,
    JsonText: _string,
    bool: lambda value: "true" if value else "false",
    int: str,
    Decimal: lambda value: str(value) if value.is_finite() else None,
    UUID: str,
    datetime: _moment,
    date: lambda value: None if value in _INFINITE else value.isoformat(),
    time: time.isoformat,
    bytes: lambda value: "\\x" + value.hex(),
}
