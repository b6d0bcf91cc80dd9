"""The service's connection: retried whatever fails; errors of queries are not taken for it."""

import asyncio
import logging
import time
from pathlib import Path

import certifi
import pytest
from prisma import Prisma
from prisma.errors import PrismaError, RawQueryError

from app import db
from app.database import roles
from app.operations import background, sweeps
from app.settings import Settings, load
from tests.fix_database import run_sql
from tests.fix_service import SECRET_KEY, Serve

LIMIT = 20.0


def settings_of(tmp_path: Path, **given: str) -> Settings:
    return load({"SECRET_KEY": SECRET_KEY, **given}, env_file=tmp_path / "no.env", data=tmp_path)


@pytest.fixture
def settings(tmp_path: Path, database: str) -> Settings:
    return settings_of(tmp_path, DATABASE_URL=database, APP_DATABASE_URL=database)


async def wait_for(caplog: pytest.LogCaptureFixture, text: str) -> logging.LogRecord:
    """Wait until a message that contains `text` is logged."""
    until = time.monotonic() + LIMIT
    while True:
        for record in caplog.records:
            if text in record.getMessage():
                return record
        assert time.monotonic() < until, caplog.text
        await asyncio.sleep(0.01)


def test_a_certificate_that_is_mounted_later(
    serve: Serve, database: str, role: str, tmp_path: Path
):
    """The log names the missing file; once it is there, the service reaches the server."""
    run_sql(
        database, f"CREATE ROLE {role} LOGIN PASSWORD 'weak'", f'GRANT SELECT ON "User" TO {role}'
    )
    certificate = tmp_path / "authority.pem"
    url = roles.login_url(database, role, "weak")
    url += f"{'&' if '?' in url else '?'}sslmode=prefer&sslrootcert={certificate}"
    with serve(DATABASE_URL=database, APP_DATABASE_URL=url) as service:
        refused = service.wait_until_ready(503)
        log = service.log.read_text()
        certificate.write_bytes(Path(certifi.where()).read_bytes())
        until = time.monotonic() + LIMIT
        while "the server does not support TLS" not in service.log.read_text():
            assert time.monotonic() < until
            service.get("/ready")
            time.sleep(0.1)

    assert refused.json()["code"] == "database_unavailable"
    assert log.count("No database yet, trying again: P1011: Error opening a TLS connection") == 1


@pytest.mark.parametrize(
    ("failure", "has_traceback"),
    [(OSError("no file descriptors"), True), (PrismaError("invalid URL"), False)],
)
async def test_connecting_is_retried_whatever_fails(
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
    has_traceback: bool,
):
    """The reason is logged once, with a traceback if no operator can correct it."""
    connect, attempts = db.connect_lazily, 0

    async def fail_twice(client: Prisma, *, url: str) -> None:
        nonlocal attempts
        attempts += 1
        if attempts <= 2:
            raise failure
        await connect(client, url=url)

    monkeypatch.setattr(db, "connect_lazily", fail_twice)
    monkeypatch.setattr(db, "_FIRST_PAUSE", 0.01, raising=False)
    try:
        await db.connect(settings)
        assert not db.is_connecting()
        assert await db.prisma.query_first("SELECT 1 AS one") == {"one": 1}
    finally:
        await db.disconnect()
    (record,) = [record for record in caplog.records if record.name == "app.db"]
    assert record.getMessage() == f"No database yet, trying again: {failure}"
    assert bool(record.exc_info) is has_traceback


async def test_errors_of_queries_are_not_taken_for_a_lost_connection(settings: Settings):
    """Only connecting raises NoConnection."""
    with pytest.raises(RawQueryError):
        async with db.owner_client(settings) as owner:
            await owner.query_raw("SELECT 1 / 0")


async def test_a_broken_sweep_is_logged_with_its_traceback(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """It is not reported as a database that does not answer."""

    async def sweep(owner: Prisma, _: Settings) -> None:
        await owner.execute_raw("DELETE FROM")

    monkeypatch.setattr(sweeps, "sweep", sweep)
    async with background.background_tasks(settings):
        record = await wait_for(caplog, "sweeps")

    assert record.getMessage() == "sweeps failed, trying again"
    assert record.exc_info


async def test_a_missing_table_is_logged_once_without_a_traceback(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """The operator has to migrate; the code is not broken."""
    sweep_runs = 0

    async def sweep(owner: Prisma, _: Settings) -> None:
        nonlocal sweep_runs
        sweep_runs += 1
        await owner.execute_raw('DELETE FROM "Nothing"')

    monkeypatch.setattr(sweeps, "sweep", sweep)
    monkeypatch.setattr(background, "_RETRY_AFTER", 0.01)
    async with background.background_tasks(settings):
        await wait_for(caplog, "sweeps")
        until = time.monotonic() + LIMIT
        while sweep_runs < 3:
            assert time.monotonic() < until
            await asyncio.sleep(0.01)

    (record,) = [record for record in caplog.records if "sweeps" in record.getMessage()]
    assert 'relation "Nothing" does not exist' in record.getMessage()
    assert not record.exc_info


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ([], "cannot be prepared: .*permission denied"),
        (["REVOKE ALL ON SCHEMA public FROM PUBLIC"], "may use no schema"),
    ],
)
async def test_an_owner_that_may_not_grant_is_told_so(
    database: str, role: str, tmp_path: Path, statements: list[str], reason: str
):
    """A role that cannot be prepared is no connection that failed."""
    run_sql(database, f"CREATE ROLE {role} LOGIN PASSWORD 'weak'", *statements)
    url = roles.login_url(database, role, "weak")

    with pytest.raises(roles.RoleError, match=reason):
        await db.prepare(settings_of(tmp_path, DATABASE_URL=url, APP_DATABASE_ROLE=role))
