"""Statements that cannot go together: for which database that holds, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prisma_wasm.compiler import Compiler
from prisma_wasm.errors import QueryError
from prisma_wasm.execute import Program
from prisma_wasm.execute import one_by_one as owner
from prisma_wasm.execute.one_by_one import OneByOne
from prisma_wasm.protocol import query_of

from .test_compiler import wasm as wasm  # a fixture
from .test_shape import SCHEMA, lifted_of

_CREATE = lifted_of(
    "create",
    data={"id": 1, "email": "a", "role": "USER", "born": "2024-01-01T00:00:00Z",
          "seen": "2024-01-01T00:00:00Z", "posts": {"create": [{"id": 1}]}},
)  # fmt: skip


class _SqlError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


class _Session:
    """A connection that answers every statement, unless it is told to fail."""

    can_send = True

    def __init__(self, database: str = "one") -> None:
        self.database = database
        self.together = self.alone = ""  # the errors of statements that are sent so
        self.log: list[str] = []
        self._has_sent = False

    async def begin(self) -> bool:
        self._has_sent = False
        return True

    async def commit(self) -> None:
        self.log.append("together" if self._has_sent else "alone")

    async def rollback(self) -> None:
        self.log.append("failed " + ("together" if self._has_sent else "alone"))

    async def send(self, sql: str, args: list[Any]) -> None:
        del sql, args
        self._has_sent = True

    async def fetch(
        self, sql: str, args: list[Any], *, keep: bool = True, ends: bool = False
    ) -> list[Any]:
        del sql, args, keep, ends
        state = self.together if self._has_sent else self.alone
        if state:
            raise QueryError(None, state) from _SqlError(state)
        return [{"id": 1, "email": "a", "authorId": 1}]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which tests change."""
    now = [1000.0]
    monkeypatch.setattr(owner, "_now", lambda: now[0])
    return now


@pytest.fixture
def program(wasm: Path) -> Program:
    """The plan of a nested create, of which the statements may go together."""
    query, _ = query_of(_CREATE)
    return Program(Compiler(wasm, SCHEMA).compile(query), 0)


async def _run(program: Program, session: Any) -> list[str]:
    """Run it once; how its statements went."""
    session.log.clear()
    try:
        await program.run(_CREATE.values, session)
    except QueryError as error:
        return [*session.log, error.message]
    return list(session.log)


_UNFORESEEN = ["22012", "0A000"]


@pytest.mark.parametrize("state", _UNFORESEEN)
async def test_for_its_database(program: Program, clock: list[float], state: str) -> None:
    """What fails together is done one by one there, and together in other databases."""
    session, other = _Session(), _Session("other")
    assert await _run(program, session) == ["together"]
    session.together = state
    assert await _run(program, session) == ["failed together", "alone"]
    assert await _run(program, session) == ["alone"]
    assert await _run(program, other) == ["together"]
    assert await _run(program, _Session()) == ["alone"]
    clock[0] += 1


@pytest.mark.parametrize("state", _UNFORESEEN)
async def test_for_a_while(program: Program, clock: list[float], state: str) -> None:
    """After a minute it is tried again, with the same end as long as the reason is there."""
    session = _Session()
    session.together = state
    await _run(program, session)
    for _ in range(2):
        clock[0] += 59
        assert await _run(program, session) == ["alone"]
        clock[0] += 2
        assert await _run(program, session) == ["failed together", "alone"]
    session.together = ""
    assert await _run(program, session) == ["alone"]
    clock[0] += 61
    assert await _run(program, session) == ["together"]


@pytest.mark.parametrize("state", _UNFORESEEN)
async def test_a_callers_own_error(program: Program, clock: list[float], state: str) -> None:
    """One that comes one by one as well is the caller's; nobody else is slower for it."""
    session = _Session()
    for _ in range(3):
        session.together = session.alone = state
        assert await _run(program, session) == ["failed together", "failed alone", state]
        session.together = session.alone = ""
        assert await _run(program, session) == ["together"]
    clock[0] += 1


@pytest.mark.parametrize("state", ["23505", "40001", "42P01"])
async def test_other_errors(program: Program, state: str) -> None:
    """They are what they are the first time."""
    session = _Session()
    session.together = state
    assert await _run(program, session) == ["failed together", state]
    session.together = ""
    assert await _run(program, session) == ["together"]


def test_many_databases(clock: list[float]) -> None:
    """Those that failed last are remembered, a hundred at the most."""
    one_by_one = OneByOne()
    for number in range(1_000):
        one_by_one.add(f"database {number}")
        clock[0] += 0.01
    assert len(one_by_one) == 100
    assert "database 999" in one_by_one
    assert "database 0" not in one_by_one
    clock[0] += 61
    assert "database 999" not in one_by_one
