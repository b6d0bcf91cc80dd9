"""The loggers `prisma_wasm.query`, `prisma_wasm.slow` and `prisma_wasm.error`."""

import logging
from typing import Any

import pytest

SLOW_LIMIT = "PRISMA_WASM_SLOW_QUERY_MS"


def said(caplog: pytest.LogCaptureFixture, logger: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == logger]


async def test_every_statement_at_debug(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG each statement is logged with its duration and the number of its parameters."""
    caplog.set_level(logging.DEBUG, "prisma_wasm.query")
    await db.user.find_many(where={"email": "secret@example.com", "age": 4711})

    (record,) = said(caplog, "prisma_wasm.query")
    statement: Any = record
    assert record.levelno == logging.DEBUG
    assert 'FROM "public"."User"' in record.getMessage()
    assert " ms, " in record.getMessage()
    assert statement.parameters >= 2
    assert statement.duration_ms > 0
    assert 'FROM "public"."User"' in statement.sql


async def test_no_values(db: Any, package: Any, caplog: pytest.LogCaptureFixture) -> None:
    """No value is in any record, also where a query fails over it."""
    caplog.set_level(logging.ERROR, "prisma_wasm.error")
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "prisma_wasm")
    await db.user.find_many(where={"email": "secret@example.com", "age": 4711})
    with pytest.raises(package.errors.RawQueryError):
        await db.query_raw("SELECT $1::text::int", "secret@example.com")

    assert len(said(caplog, "prisma_wasm.query")) == 2
    assert len(said(caplog, "prisma_wasm.error")) == 1
    for record in caplog.records:
        if record.name.startswith("prisma_wasm"):
            assert "secret" not in str(record.__dict__)
            assert "4711" not in str(record.__dict__)


async def test_quiet_by_default(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """At INFO, and without a limit, nothing is logged."""
    caplog.set_level(logging.INFO, "prisma_wasm")
    await db.query_raw("SELECT pg_sleep(0.05)::text")

    assert said(caplog, "prisma_wasm.query") == said(caplog, "prisma_wasm.slow") == []


async def test_failures(db: Any, package: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A query that fails is an error with its code and fields, once the level is set."""
    await db.user.create({"email": "secret@example.com"})
    for level in (logging.CRITICAL, logging.ERROR):
        caplog.set_level(level, "prisma_wasm.error")
        with pytest.raises(package.errors.UniqueViolationError):
            await db.user.create({"email": "secret@example.com"})
    with pytest.raises(package.errors.RawQueryError):
        await db.execute_raw("SELECT 1 / $1::int", 0)

    created, raw = said(caplog, "prisma_wasm.error")
    assert created.getMessage().startswith("User.create failed: P2002, target ")
    assert "email" in created.getMessage()
    assert raw.getMessage() == "execute_raw failed: P2010, code 22012"
    statement: Any = raw
    assert (statement.query, statement.code, statement.details) == (
        "execute_raw",
        "P2010",
        {"code": "22012"},
    )


async def test_slow_statements(
    package: Any, url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement that takes longer than the limit is a warning, one that does not is none."""
    monkeypatch.setenv(SLOW_LIMIT, "250")
    async with package.Prisma(datasource={"url": url}) as db:
        await db.query_raw("SELECT pg_sleep(0.3)::text, $1::int", 4711)
        slow = said(caplog, "prisma_wasm.slow")
    monkeypatch.setenv(SLOW_LIMIT, "60000")
    async with package.Prisma(datasource={"url": url}) as db:
        await db.query_raw("SELECT pg_sleep(0.3)::text, $1::int", 4711)

    assert len(said(caplog, "prisma_wasm.slow")) == len(slow) == 1
    statement: Any = slow[0]
    assert statement.levelno == logging.WARNING
    assert statement.duration_ms > 250
    assert statement.parameters == 1
    assert "pg_sleep" in statement.getMessage()
    assert "4711" not in statement.getMessage()


async def test_a_slow_statement_that_fails(
    package: Any, url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ran into its limit was slow too."""
    monkeypatch.setenv(SLOW_LIMIT, "0")
    async with package.Prisma(datasource={"url": url}) as db:
        caplog.clear()
        with pytest.raises(package.errors.RawQueryError):
            await db.execute_raw("SELECT 1 / (1 - length(pg_sleep(0.01)::text || 'x'))")

    assert [record.levelno for record in said(caplog, "prisma_wasm.slow")] == [logging.WARNING]


async def test_long_statements_are_shortened(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Of a long text the log keeps the beginning and the end."""
    caplog.set_level(logging.DEBUG, "prisma_wasm.query")
    await db.query_raw(f"SELECT 'begin' AS a, '{'x' * 100_000}' AS b, 'end' AS c")

    (record,) = said(caplog, "prisma_wasm.query")
    statement: Any = record
    assert len(statement.sql) < 2_100
    assert statement.sql.startswith("SELECT 'begin'")
    assert statement.sql.endswith("'end' AS c")


@pytest.mark.parametrize("limit", ["soon", "-1", "nan"])
async def test_a_limit_that_is_none(
    package: Any, url: str, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """A wrong limit fails the connection, by name."""
    monkeypatch.setenv(SLOW_LIMIT, limit)
    client = package.Prisma(datasource={"url": url})
    with pytest.raises(package.engine.errors.EngineConnectionError, match=f"{SLOW_LIMIT}.*{limit}"):
        await client.connect()


async def test_both_logs_of_one_statement(
    package: Any, url: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """`log_queries` prints as ever, beside what the loggers write."""
    caplog.set_level(logging.DEBUG, "prisma_wasm.query")
    async with package.Prisma(datasource={"url": url}, log_queries=True) as db:
        await db.team.count()

    printed = capfd.readouterr().out.splitlines()
    assert [line for line in printed if line.startswith("prisma:query SELECT COUNT")]
    assert len(said(caplog, "prisma_wasm.query")) == 1
