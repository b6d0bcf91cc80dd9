"""Settings of PostgreSQL for all queries inside a block, as row-level security's policies ask for.

    with scoped({"app.user_id": str(user.id)}):
        documents = await prisma.document.find_many()

This file only says which settings a query shall run with; a context variable carries them, so that
tasks which are started inside have them too. `settings.py` brings them to the server.

Of PostgreSQL's own settings a scope takes one, with which the server refuses to write:

    with scoped({"app.user_id": str(user.id), "transaction_read_only": "on"}):
        documents = await prisma.document.find_many()
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from functools import lru_cache
from typing import Final, cast

from prisma_wasm.scalars import is_unicode

# Names and values, sorted by name: equal scopes are equal.
Settings = tuple[tuple[str, str], ...]

READ_ONLY: Final = "transaction_read_only"
_IS_READ_ONLY: Final = (READ_ONLY, "on")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_$]*(?:\.[a-z_][a-z0-9_$]*)+", re.ASCII)

current: Final[ContextVar[Settings]] = ContextVar("prisma_wasm_scope", default=())
_used = False


def scoped(settings: Mapping[str, str | None]) -> AbstractContextManager[None]:
    """A block whose queries run with these settings: `with scoped({"app.user_id": "7"}): ...`

    A block inside of another adds to it and overrides it. None is the empty setting. With
    `"transaction_read_only": "on"` every query runs in a read-only transaction.
    """
    return _Scope(_checked(settings))


def is_used() -> bool:
    """Whether this process has entered a scope yet."""
    return _used


def is_read_only(settings: Settings) -> bool:
    """Whether queries with these settings run in read-only transactions."""
    return _IS_READ_ONLY in settings


class _Scope(AbstractContextManager[None]):
    __slots__ = ("_settings", "_token")

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token: Token[Settings] | None = None

    def __enter__(self) -> None:
        global _used
        if self._token is not None:
            raise RuntimeError("A scope is entered once: call scoped() for each `with`.")
        _used = True
        outer = current.get()
        self._token = current.set(_merged(outer, self._settings) if outer else self._settings)

    def __exit__(self, *_: object) -> None:
        token = cast("Token[Settings]", self._token)
        try:
            current.reset(token)
        except ValueError:
            raise RuntimeError(
                "A scope must end in the task or thread in which it began."
            ) from None


def have_same_names(one: Settings, other: Settings) -> bool:
    return [name for name, _ in one] == [name for name, _ in other]


def _merged(outer: Settings, inner: Settings) -> Settings:
    if have_same_names(outer, inner):
        return inner
    return tuple(sorted((dict(outer) | dict(inner)).items()))


def _checked(settings: Mapping[str, str | None]) -> Settings:
    # Not every caller has a type checker.
    given = cast("Mapping[object, object]", settings)
    return tuple(
        [(folded, _checked_value(folded, name, given[name])) for folded, name in _sorted(*given)]
    )


@lru_cache(maxsize=256)
def _sorted(*names: object) -> list[tuple[str, str]]:
    """The names in lower case, from which PostgreSQL does not tell upper case, and as given."""
    folded: dict[str, str] = {}
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"A setting's name must be a str, not {type(name).__name__}.")
        lower = name.lower()
        if lower != READ_ONLY and not _NAME.fullmatch(lower):
            raise ValueError(
                f"A setting's name must be `{READ_ONLY}`, or of the form `prefix.name`, not"
                f" {name!r}."
            )
        if lower in folded:
            raise ValueError(f"The setting `{name}` is there twice.")
        folded[lower] = name
    return sorted(folded.items())


def _checked_value(folded: str, name: str, value: object) -> str:
    if folded == READ_ONLY and value != "on":
        raise ValueError(
            f"The setting `{name}` can only be 'on', not {value!r}: PostgreSQL never lets a"
            " read-only transaction write again."
        )
    if value is None:
        return ""
    if not isinstance(value, str):
        kind = type(value).__name__
        raise TypeError(f"The value of the setting `{name}` must be a str, not {kind}.")
    if "\0" in value or not is_unicode(value):
        raise ValueError(f"The value of the setting `{name}` holds characters that are no text.")
    return value
