"""Statements that go to the server together: no fewer than one by one, and with the same ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from fix_server import DatabaseServer

from prisma_wasm.address import parse
from prisma_wasm.errors import QueryError
from prisma_wasm.execute import in_transaction
from prisma_wasm.execute.together import together as _together
from prisma_wasm.postgres import Connection, connect
from prisma_wasm.settings import settle

pytestmark = pytest.mark.asyncio

together: Any = _together
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


async def test_each_waits_its_own_time(
    server: DatabaseServer, database: str, messages: list[bytes]
) -> None:
    """With a limit for each answer, statements whose answers count as one do not go together."""
    server.execute(_TABLES, database.rpartition("/")[2].partition("?")[0])
    connection = await connect(
        parse(f"{database}?socket_timeout=5"), lambda _sql, _args, _seconds: None
    )
    await in_transaction(connection, _creation(1))
    messages.clear()
    await in_transaction(connection, _creation(2))
    assert len(messages) > 2
    assert await _count(connection) == (2, 2)
    await connection.close()


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


async def test_settings_that_came_with_a_transaction(connection: Connection) -> None:
    """They are the transaction's, and those of what comes after it in the same scope."""
    await settle(connection, (("app.user", "ada"),))
    ask = "SELECT current_setting('app.user', true)"
    assert await connection.fetch(ask, []) == [("ada",)]
    await settle(connection, (("app.user", "ben"),))
    for _ in range(2):
        await in_transaction(connection, _creation(1))
        await connection.command("TRUNCATE parent, child")
        assert await connection.fetch(ask, []) == [("ben",)]
    connection.owe(None)
    assert await connection.fetch(ask, []) == [("ben",)]


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
    ("float4", [0.1, 1e30, 1e-46]),
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


async def test_a_commit_that_says_outdated(connection: Connection) -> None:
    """What fails at the COMMIT has not happened, and is not taken for a statement to do again."""
    await connection.command(
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN"
        " RAISE EXCEPTION 'no such statement' USING ERRCODE = '26000'; END $body$"
    )
    await connection.command(
        "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON parent DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION late()"
    )
    for _ in range(2):
        with pytest.raises(QueryError, match="no such statement"):
            await in_transaction(connection, _creation(1))
        assert connection.is_at_rest
        assert await _count(connection) == (0, 0)


async def test_what_fails_is_logged(connection: Connection, log: list[str]) -> None:
    """Also what went ahead of the statement that the error was the answer to."""
    await in_transaction(connection, _creation(1))
    log.clear()
    with pytest.raises(QueryError):
        await in_transaction(connection, _creation(7, parent=99))
    assert log == ["BEGIN", _PARENT, _CHILD, _READ]


async def test_it_is_watched(connection: Connection) -> None:
    """While a statement runs with which the first settings went, it is known to be asked."""
    connection.owe((("app.user", "ada"),))
    running = asyncio.create_task(connection.fetch("SELECT pg_sleep(1)::text", []))
    async with asyncio.timeout(60):
        while connection.asked_at is None:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)
    assert not running.done()
    await running
    assert connection.asked_at is None


def _query(*chunks: str) -> dict[str, Any]:
    """A query with a parameter between its texts."""
    fragments: list[dict[str, str]] = []
    args: list[Any] = []
    for chunk in chunks:
        if fragments:
            fragments.append({"type": "parameter"})
            args.append({"prisma__type": "param", "prisma__value": {"name": f"%{len(args)}"}})
        fragments.append({"type": "stringChunk", "chunk": chunk})
    return {"type": "query", "args": {"fragments": fragments, "args": args}}


def _unique(query: dict[str, Any]) -> dict[str, Any]:
    return {"type": "unique", "args": query}


_INTO = 'INSERT INTO "s"."a" ("id","b""c") VALUES ('
_FIRST = _unique(_query(_INTO, ",", ') RETURNING "s"."a"."id"'))
_LAST = _unique(_query("SELECT 1"))


def _plan(*, first: Any = _FIRST, last: Any = _LAST, field: str = "string") -> Any:
    """A nested create."""
    rest = {"type": "seq", "args": [_FIRST, last]}
    create = {"type": "let", "args": {"bindings": [{"name": "0", "expr": first}], "expr": rest}}
    fields = {"id": {"type": "field", "fieldType": {"type": field}}}
    structure = {"type": "object", "fields": {"a": {"type": "object", "fields": fields}}}
    mapping = {"type": "dataMap", "args": {"expr": create, "structure": structure}}
    return {"type": "transaction", "args": mapping}


def _kinds(plan: Any) -> tuple[str, str, str]:
    """What the first, the second and the last statement have become."""
    create = together(plan)["args"]["args"]["expr"]["args"]
    (first,), (second, last) = create["bindings"], create["expr"]["args"]
    return first["expr"]["type"], second["type"], last["args"]["type"]


async def test_a_nested_create() -> None:
    """Its INSERTs give no answer, and it ends with its last query."""
    assert _kinds(_plan()) == ("silent", "silent", "last")
    for field in ("enum", "json"):
        assert _kinds(_plan(field=field)) == ("silent", "silent", "query")


@pytest.mark.parametrize(
    "first",
    [
        _unique(_query('INSERT INTO "a" ("b") VALUES (', ') RETURNING "a"."id"')),
        _unique(_query('INSERT INTO "a" ("id") VALUES (lower(', ')) RETURNING "a"."id"')),
        _unique(_query('INSERT INTO "a" ("id","b") VALUES (', ',DEFAULT) RETURNING "a"."id"')),
        _unique(_query('INSERT INTO "a" ("id") VALUES (', ') RETURNING "a"."id"::text')),
        _unique(_query('INSERT INTO "a" DEFAULT VALUES RETURNING "a"."id"')),
    ],
)
async def test_an_id_that_is_not_known_before(first: Any) -> None:
    """Then the INSERT is asked for it."""
    plan = _plan(first=first)
    assert together(plan) == plan or _kinds(plan) == ("unique", "silent", "last")


@pytest.mark.parametrize("kind", ["validate", "process", "required"])
async def test_what_may_fail_afterwards(kind: str) -> None:
    """Nothing is sent together where something is checked after the last query."""
    plan = _plan(last={"type": kind, "args": {"expr": _LAST}})
    assert together(plan) == plan


async def test_other_plans() -> None:
    """Updates, and what is no transaction, stay as they are."""
    plan = _plan(first=_unique(_query('UPDATE "a" SET "b" = ', ' RETURNING "a"."id"')))
    assert together(plan) == plan
    assert together(plan["args"]) == plan["args"]
    assert together({"type": "transaction", "args": _LAST})["args"] == _LAST
