"""Count the work that the service does for a response; its duration varies too much to compare."""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import pytest

from app.auth import passwords

_LOG = logging.getLogger("prisma_wasm.query")
# The engine's own queries (backend process, settings) depend on what the connection did before.
_OF_THE_ENGINE = ("SELECT pg_catalog.", "SELECT WHERE pg_catalog.", "RESET ")


@dataclass
class Work:
    """The statements that the database received, and how often a password was hashed."""

    statements: list[str] = field(default_factory=list[str])
    hashes: int = 0


# Set in the task of the test only, so that background tasks are not counted.
_current: ContextVar[Work | None] = ContextVar("work", default=None)


class Counter:
    """Counts the work of the requests in a `with` block."""

    @contextmanager
    def counting(self) -> Generator[Work]:
        work = Work()
        token = _current.set(work)
        yield work
        _current.reset(token)


class _Statements(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        sql: str = record.__dict__["sql"]
        work = _current.get()
        if work is not None and not sql.startswith(_OF_THE_ENGINE):
            work.statements.append(sql)


class _CountingHasher:
    def __init__(self) -> None:
        self._hasher = passwords._hasher  # pyright: ignore[reportPrivateUsage]  # this is what counts

    def __getattr__(self, name: str) -> object:
        if work := _current.get():
            work.hashes += 1
        return getattr(self._hasher, name)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """Count the work of the API in this process: `with work.counting() as done: ...`"""
    handler = _Statements()
    monkeypatch.setattr(passwords, "_hasher", _CountingHasher())
    level = _LOG.level
    _LOG.addHandler(handler)
    _LOG.setLevel(logging.DEBUG)
    yield Counter()
    _LOG.setLevel(level)
    _LOG.removeHandler(handler)
