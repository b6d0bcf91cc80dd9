"""How many messages a query takes whose settings are local to a transaction: its round trips."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from .acting import as_user, reading_as
from .conftest import Connect

Act = Callable[[Any], Awaitable[object]]


async def _batch(db: Any) -> None:
    async with db.batch_() as batch:
        batch.note.find_many()
        batch.note.count()


async def _transaction(db: Any) -> None:
    async with db.tx() as tx:
        await tx.note.find_many()
        await tx.note.count()


# How many messages each takes with a COMMIT that waits for no answer of its own, or after one.
ACTS: dict[str, tuple[Act, int]] = {
    "find_unique": (lambda db: db.note.find_unique(where={"text": "ada1"}), 1),
    "find_many": (lambda db: db.note.find_many(where={"text": {"in": ["ada1", "ben1"]}}), 1),
    "include": (lambda db: db.note.find_many(include={"lines": True}), 1),
    "count": (lambda db: db.note.count(), 1),
    "query_raw": (lambda db: db.query_raw('SELECT id FROM "Note" WHERE text = $1', "ada1"), 1),
    # The driver tells only of the last statement of a message how many rows it affected.
    "execute_raw": (lambda db: db.execute_raw('SELECT id FROM "Note"'), 2),
    "batch": (_batch, 3),
    "transaction": (_transaction, 3),
}


@pytest.mark.parametrize(("act", "expected"), ACTS.values(), ids=ACTS)
async def test_what_is_prepared(
    db: Any, mode: str, messages: list[bytes], act: Act, expected: int
) -> None:
    """BEGIN and the settings go with the first statement, COMMIT with the only one."""
    for scope in (as_user, reading_as) if mode == "false" else (reading_as,):
        with scope("ada"):
            for _ in range(2):  # more than one kind of statement is prepared
                await act(db)
            messages.clear()
            await act(db)
        assert len(messages) == expected


@pytest.mark.parametrize("act", [act for act, _ in ACTS.values()], ids=ACTS)
async def test_behind_a_pooler(
    connect: Connect, pooled_url: str, messages: list[bytes], act: Act
) -> None:
    """What is prepared anew each time takes as many messages in a read-only scope as in others."""
    db = await connect(pooled_url, connection_limit=1)
    counts: list[int] = []
    for scope in (as_user, reading_as):
        with scope("ada"):
            await act(db)
            messages.clear()
            await act(db)
        counts.append(len(messages))
    assert counts[0] == counts[1]


async def test_statements(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """All of them are logged in their order, the COMMIT too."""
    query = 'SELECT id FROM "Note"'
    with reading_as("ada"):
        await db.query_raw(query)
        await db.note.count()
        caplog.set_level(logging.DEBUG, "prisma_wasm.query")
        await db.query_raw(query)
        await db.note.count()
    records: list[Any] = [each for each in caplog.records if each.name == "prisma_wasm.query"]
    said = [record.sql for record in records]
    assert [said[0], *said[2:5], said[7]] == ["BEGIN", query, "COMMIT", "BEGIN", "COMMIT"]
    assert said[1] == said[5]
    assert "set_config" in said[1]
    assert len(said) == 8
