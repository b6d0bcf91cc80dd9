"""Statements that go to the server together: no fewer than one by one, and with the same ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from fix_server import DatabaseServer

from prisma_wasm import wire
from prisma_wasm.address import parse
from prisma_wasm.errors import QueryError
from prisma_wasm.execute import in_transaction
from prisma_wasm.execute.together import together
from prisma_wasm.postgres import Connection, connect

pytestmark = pytest.mark.asyncio

_TABLES = """
    CREATE TABLE parent (id int PRIMARY KEY, name text);
    CREATE TABLE child (
        id int PRIMARY KEY, parent int REFERENCES parent, late int REFERENCES parent
            DEFERRABLE INITIALLY DEFERRED
    );
    CREATE TYPE mood AS ENUM ('calm', 'it''s "odd"');
"""
_PARENT = "INSERT INTO parent VALUES ($1, $2) RETURNING id"
_CHILD = "INSERT INTO child (id, parent, late) VALUES ($1, $2, $3)"
_READ = "SELECT name FROM parent WHERE id = $1"


@pytest.fixture
async def log() -> list[str]:
    """The statements that were run."""
    return []


@pytest.fixture
async def connection(
    server: DatabaseServer, database: str, log: list[str]
) -> AsyncIterator[Connection]:
    """A connection to a database with a parent and a child."""
    server.execute(_TABLES, database.rpartition("/")[2].partition("?")[0])
    made = await connect(parse(database), lambda sql, _args, _seconds: log.append(sql))
    yield made
    await made.close()


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is written to the server."""
    written: list[bytes] = []
    write = wire.Wire.write

    def noting(self: wire.Wire, data: Any) -> None:
        written.append(bytes(data))
        write(self, data)

    monkeypatch.setattr(wire.Wire, "write", noting)
    return written


def _creation(id_: int, *, parent: int | None = None, late: int | None = None) -> Any:
    """A parent, a child, and the parent read again, as a nested create does it."""

    async def create(connection: Connection) -> list[Any]:
        await connection.fetch(_PARENT, [id_, f"n{id_}"])
        await connection.send(_CHILD, [id_, parent or id_, late])
        return await connection.fetch(_READ, [id_], ends=True)

    return create


async def _count(connection: Connection) -> tuple[int, int]:
    query = "SELECT (SELECT count(*) FROM parent), (SELECT count(*) FROM child)"
    ((parents, children),) = await connection.fetch(query, [])
    return parents, children


async def test_two_messages(connection: Connection, messages: list[bytes], log: list[str]) -> None:
    """What is prepared already needs two messages for its five statements, all of them logged."""
    await in_transaction(connection, _creation(1))
    messages.clear()
    log.clear()
    ((name,),) = await in_transaction(connection, _creation(2))
    assert name == "n2"
    assert len(messages) == 2
    assert log == ["BEGIN", _PARENT, _CHILD, _READ, "COMMIT"]
    assert connection.is_at_rest
    assert await _count(connection) == (2, 2)


async def test_a_sent_statement_fails(connection: Connection) -> None:
    """Its error is the transaction's, of which nothing stays, and the connection is as before."""
    for parent in (99, None, 99):
        if parent is None:
            await in_transaction(connection, _creation(1))
            continue
        with pytest.raises(QueryError) as caught:
            await in_transaction(connection, _creation(7, parent=parent))
        assert caught.value.code == "P2003"
        assert connection.is_at_rest
    assert await _count(connection) == (1, 1)


async def test_the_commit_fails(connection: Connection) -> None:
    """A constraint that is looked at last fails the query with which the COMMIT went."""
    for _ in range(2):
        with pytest.raises(QueryError) as caught:
            await in_transaction(connection, _creation(1, late=99))
        assert caught.value.code == "P2003"
        assert connection.is_at_rest
        assert await _count(connection) == (0, 0)


async def test_nothing_was_done(connection: Connection, messages: list[bytes]) -> None:
    """A transaction without a statement is none, and what is sent last is not forgotten."""

    async def nothing(_connection: Connection) -> None:
        pass

    async def only_sent(connection: Connection) -> None:
        await connection.send(_PARENT.removesuffix(" RETURNING id"), [1, "sent"])

    await in_transaction(connection, nothing)
    assert messages == []
    await in_transaction(connection, only_sent)
    assert connection.is_at_rest
    assert await _count(connection) == (1, 0)


async def test_a_refused_argument(connection: Connection) -> None:
    """Where the driver itself refuses the statement, nothing that was to go with it is left."""
    await in_transaction(connection, _creation(1))

    async def create(connection: Connection) -> None:
        await connection.fetch("INSERT INTO parent VALUES ($1, $2)", [2, "\ud800"])

    for _ in range(2):
        with pytest.raises(QueryError):
            await in_transaction(connection, create)
        if not connection.is_at_rest:
            assert await connection.recover()
    assert await _count(connection) == (1, 1)


_VALUES: list[tuple[str, list[Any]]] = [
    ("text", ["", "a\tb\\c\n'\"", "ünïcode", "{}", "NULL", None]),
    ("mood", ["calm", 'it\'s "odd"']),
    ("uuid", [UUID(int=7), str(UUID(int=8))]),
    ("bool", [True, False]),
    ("int2", [-(2**15), 0]),
    ("int8", [2**63 - 1, -(2**63)]),
    ("float4", [0.1, 1e30]),
    ("float8", [0.1, 1e-300, float("inf"), float("-inf"), float("nan")]),
    ("numeric", [Decimal("12345678901234567890.123"), Decimal("1E-20"), Decimal("NaN")]),
    ("timestamp", [datetime(1, 1, 1, tzinfo=UTC), datetime(2026, 2, 3, 4, 5, 6, 789, UTC)]),
    ("timestamptz", [datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), "infinity"]),
    ("date", [date(2024, 2, 29), date.max]),
    ("time", [time(23, 59, 59, 999999)]),
    ("timetz", [time(1, 2, 3, tzinfo=UTC)]),
    ("bytea", [b"", bytes(range(256))]),
    ("jsonb", [{"a": [1, None, "ü"]}, [], '"text"']),
    ("json", [{"b": 1.5}]),
    ("inet", ["10.0.0.1", "::1"]),
    ("bit(4)", ["1010"]),
    ("int4[]", [[1, 2], []]),
    ("text[]", [["a,b", 'c"d', None]]),
]


@pytest.mark.parametrize(("kind", "values"), _VALUES)
async def test_values(connection: Connection, kind: str, values: list[Any]) -> None:
    """A value is the same whether its statement went alone or with another."""
    await connection.command(f"CREATE TABLE held (id serial, value {kind})")
    insert = "INSERT INTO held (value) VALUES ($1)"

    for value in values:

        async def both(connection: Connection, value: Any = value) -> None:
            await connection.send(insert, [value])
            await connection.execute(insert, [value])

        await in_transaction(connection, both)
    kept = await connection.fetch("SELECT value::text FROM held ORDER BY id", [])
    assert kept[::2] == kept[1::2]
    assert len(kept) == 2 * len(values)


def _select(*, inside: str | None = None) -> Any:
    query: Any = {
        "type": "query",
        "args": {"fragments": [{"type": "stringChunk", "chunk": "SELECT 1"}]},
    }
    return {"type": inside, "args": {"expr": query}} if inside else query


def _together(plan: Any) -> Any:
    return together(plan)


def _insertion(chunk: str) -> Any:
    fragments = [
        {"type": "stringChunk", "chunk": 'INSERT INTO "a" VALUES ('},
        {"type": "parameter"},
        {"type": "stringChunk", "chunk": chunk},
    ]
    return {"type": "unique", "args": {"type": "query", "args": {"fragments": fragments}}}


async def test_what_may_fail_afterwards_is_no_last_query() -> None:
    """The COMMIT goes with a query only where nothing is checked after it."""
    for kind, is_last in (("dataMap", True), ("validate", False), ("process", False)):
        plan: Any = {"type": "transaction", "args": _select(inside=kind)}
        assert ('"last"' in str(_together(plan)).replace("'", '"')) is is_last
        assert _together(_select(inside=kind)) == _select(inside=kind)


async def test_what_is_sent_gives_no_rows() -> None:
    """RETURNING is left out of a write before the last query, and of nothing else."""
    for chunk, left in (
        (') RETURNING "a"."id"', ")"),
        (') ON CONFLICT ("x RETURNING y") DO NOTHING RETURNING "a"."id"',
         ') ON CONFLICT ("x RETURNING y") DO NOTHING'),
        (")", ")"),
    ):  # fmt: skip
        plan: Any = {
            "type": "transaction",
            "args": {"type": "seq", "args": [_insertion(chunk), _select()]},
        }
        sent, last = _together(plan)["args"]["args"]
        assert (sent["type"], last["type"]) == ("send", "last")
        assert sent["args"]["fragments"][-1] == {"type": "stringChunk", "chunk": left}
        alone: Any = {"type": "seq", "args": [_insertion(chunk), _select(inside="validate")]}
        assert _together({"type": "transaction", "args": alone})["args"] == alone
