"""Tables without row-level security: found in the schema, never served, the correction named."""

import asyncio
import subprocess
from types import MappingProxyType
from typing import Any, LiteralString

import httpx
import pytest
from prisma.errors import DataError

from app import db
from app.database import protection
from app.operations import readiness
from app.settings import ROOT
from tests.fix_api import Api, Person
from tests.fix_database import run_sql
from tests.fix_service import run_tenantry

TABLE: LiteralString = 'CREATE TABLE "Phone" (id int PRIMARY KEY)'
ENABLE: LiteralString = 'ALTER TABLE "Phone" ENABLE ROW LEVEL SECURITY'
POLICY: LiteralString = 'CREATE POLICY "nobody" ON "Phone" USING (false)'


@pytest.fixture(autouse=True)
def always_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every caller see the newest state of the database, not that of a moment ago."""
    monkeypatch.setattr(readiness, "_REUSE", 0.0)


async def run(api: Api, *statements: LiteralString) -> None:
    for statement in statements:
        await api.owner.execute_raw(statement)


async def unprotected(api: Api, ann: Person) -> str:
    """Return the detail of /ready and of a route, which agree that a table is unprotected."""
    answer = await api.anonymous.get("/ready")
    refused = await ann.get("/v1/me")
    for each in (answer, refused):
        assert (each.status_code, each.headers["retry-after"]) == (503, "1")
        assert each.json()["code"] == "database_unprotected"
    assert answer.json() == refused.json()
    return answer.json()["detail"]


async def test_a_table_without_policies_stops_the_service_until_it_has_one(api: Api):
    """No list has to name it, and the correction changes with what is still missing."""
    ann = await api.person("ann")
    assert (await ann.get("/v1/me")).status_code == 200

    await run(api, TABLE)
    detail = await unprotected(api, ann)
    assert 'ALTER TABLE "Phone" ENABLE ROW LEVEL SECURITY; CREATE POLICY' in detail
    assert "docs/adding-a-domain.md" in detail
    assert "migrate deploy" not in detail  # nothing is pending

    await run(api, ENABLE)
    detail = await unprotected(api, ann)
    assert 'CREATE POLICY ... ON "Phone"' in detail
    assert "ENABLE ROW LEVEL SECURITY" not in detail

    await run(api, POLICY)
    assert (await api.anonymous.get("/ready")).status_code == 200
    assert (await ann.get("/v1/me")).status_code == 200


@pytest.mark.parametrize(
    ("statement", "correction"),
    [
        ('ALTER TABLE "Session" DISABLE ROW LEVEL SECURITY', 'ALTER TABLE "Session" ENABLE ROW'),
        ('DROP POLICY "of the key in hand" ON "Throttle"', 'CREATE POLICY ... ON "Throttle"'),
        ('CREATE VIEW "People" AS SELECT * FROM "User"', "SET (security_invoker = true)"),
        ('CREATE MATERIALIZED VIEW "Copy" AS SELECT * FROM "User"', 'DROP "Copy"'),
        ('CREATE TABLE "Part" (id int) PARTITION BY RANGE (id)', 'ALTER TABLE "Part" ENABLE ROW'),
    ],
)
async def test_whatever_shows_rows_past_the_policies_is_unprotected(
    api: Api, statement: LiteralString, correction: str
):
    """Views read with their owner's rights, materialized views can have no policies."""
    await run(api, statement)

    assert correction in await unprotected(api, await api.person("ann"))


async def test_protected_views_and_extension_relations_are_accepted(api: Api):
    """A view with its caller's rights is protected by its tables' policies."""
    await run(
        api,
        'CREATE VIEW "Mine" WITH (security_invoker = true) AS SELECT * FROM "User"',
        "CREATE EXTENSION pg_stat_statements",  # views in the same schema
    )

    assert (await api.anonymous.get("/ready")).status_code == 200


async def test_a_public_table_is_listed_with_its_reason(api: Api, monkeypatch: pytest.MonkeyPatch):
    """PUBLIC_TABLES is the one exception, and every entry says why."""
    assert all(len(reason) > 20 for reason in protection.PUBLIC_TABLES.values())
    listed = {**protection.PUBLIC_TABLES, "Phone": "the same price list for everybody"}
    monkeypatch.setattr(protection, "PUBLIC_TABLES", MappingProxyType(listed))
    await run(api, TABLE)

    assert (await api.anonymous.get("/ready")).status_code == 200


async def test_pending_migrations_are_named_when_there_are_some(api: Api):
    """Then, and only then, `prisma migrate deploy` is the advice."""
    name = max(path.parent.name for path in ROOT.glob("prisma/migrations/*/migration.sql"))
    await run(api, TABLE)
    await api.owner.execute_raw("DELETE FROM _prisma_migrations WHERE migration_name = $1", name)

    detail = await unprotected(api, await api.person("ann"))

    assert f"Run `prisma migrate deploy`: {name} has not been applied." in detail
    assert "CREATE POLICY" not in detail


async def test_only_what_reads_no_rows_is_served_meanwhile(api: Api):
    """Every other route is refused, by whatever method; unknown paths stay unknown."""
    await run(api, TABLE)
    assert (await api.anonymous.get("/ready")).status_code == 503

    seen: dict[str, int] = {}
    for path, methods in api.app.openapi()["paths"].items():
        for method in methods:
            answer = await api.anonymous.request(method, path)
            seen[path] = answer.status_code
    open_paths = {path for path, status in seen.items() if status != 503}
    assert open_paths == {"/", "/health"}
    transport = httpx.ASGITransport(api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as undescribed:
        for path in ("/metrics", "/openapi.json", "/docs", "/docs/start.js"):
            assert (await undescribed.get(path)).status_code == 200
    assert (await api.anonymous.get("/v1/nothing")).status_code == 404


async def test_it_is_noticed_without_anybody_asking(api: Api, monkeypatch: pytest.MonkeyPatch):
    """Checks run periodically: a policy that is dropped while the service runs stops it."""
    monkeypatch.setattr(readiness, "_CHECK_EVERY", 0.01)
    async with api.app.router.lifespan_context(api.app):
        ann = await api.person("ann")
        assert (await ann.get("/v1/me")).status_code == 200
        await run(api, TABLE)
        answer = await ann.get("/v1/me")
        for _ in range(1000):
            if answer.status_code != 200:
                break
            await asyncio.sleep(0.01)
            answer = await ann.get("/v1/me")

        assert answer.json()["code"] == "database_unprotected"
        await run(api, ENABLE, POLICY)
        for _ in range(1000):
            if (await ann.get("/v1/me")).status_code == 200:
                return
            await asyncio.sleep(0.01)
    pytest.fail("it does not serve again")


@pytest.fixture
async def checks(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Return a list that grows with every query of the database's state; results count long."""
    assert (await api.anonymous.get("/ready")).status_code == 200
    made: list[None] = []
    find = readiness._find_failure  # pyright: ignore[reportPrivateUsage]  # below the reuse

    async def counted(*arguments: Any) -> Any:
        made.append(None)
        return await find(*arguments)

    monkeypatch.setattr(readiness, "_find_failure", counted)
    monkeypatch.setattr(readiness, "_REUSE", 60.0)
    return made


async def test_while_the_service_is_ready_requests_check_nothing(api: Api, checks: list[None]):
    """Only /ready asks the database, and concurrent callers share one check."""
    ann = await api.person("ann")

    assert (await ann.get("/v1/me")).status_code == 200
    assert not checks
    answers = await asyncio.gather(*[api.anonymous.get("/ready") for _ in range(20)])

    assert {answer.status_code for answer in answers} == {200}
    assert len(checks) == 1


async def test_while_the_service_is_not_ready_all_callers_share_one_check(
    api: Api, checks: list[None], monkeypatch: pytest.MonkeyPatch
):
    """Neither requests nor anonymous probes open more connections as the owner."""
    histories = 0
    read_history = db.read_history

    async def counted() -> Any:
        nonlocal histories
        histories += 1
        return await read_history()

    monkeypatch.setattr(db, "read_history", counted)
    ann = await api.person("ann")
    await run(api, TABLE)
    paths = ["/ready", "/v1/me"] * 10
    first = await api.anonymous.get("/ready")
    answers = await asyncio.gather(*[ann.get(path) for path in paths])

    assert {answer.status_code for answer in (first, *answers)} == {503}
    assert (len(checks), histories) == (1, 1)


async def test_a_lost_database_ends_the_reuse(api: Api, checks: list[None]):
    """A query that finds the database unreachable makes the service check again at once."""
    ann = await api.person("ann")
    await api.anonymous.get("/ready")
    lost = DataError({"user_facing_error": {"error_code": "P1017", "message": "closed"}})

    assert readiness.translate_database_error(lost)
    assert (await ann.get("/v1/me")).status_code == 200
    for _ in range(1000):
        if len(checks) > 1:
            break
        await asyncio.sleep(0.01)

    assert len(checks) == 2


class TestProduction:
    """A service in production tells its log more than its callers."""

    @pytest.fixture
    def api_settings(self) -> dict[str, str]:
        return {
            "APP_ENV": "production",
            "PUBLIC_URL": "https://app.example.com",
            "SMTP_URL": "smtp://127.0.0.1:1",
            "MAIL_FROM": "app@example.com",
        }

    async def test_the_unprotected_table_is_named_in_the_log_alone(
        self, api: Api, caplog: pytest.LogCaptureFixture
    ):
        """Anybody may request /ready: names of tables and files are not for them."""
        await run(api, TABLE)

        detail = await unprotected(api, await api.person("ann"))

        assert detail == "The database is not safe to use; the service's log says why."
        (message,) = [text for text in caplog.messages if "Row-level security" in text]
        assert 'CREATE POLICY ... ON "Phone"' in message


def check(database: str) -> subprocess.CompletedProcess[str]:
    """Run `tenantry check`."""
    return run_tenantry("check", DATABASE_URL=database, PORT="28765")


def test_the_check_command_reports_it(database: str):
    """`tenantry check` names the table and the correction in one line, and fails."""
    done = check(database)
    assert (done.returncode, done.stderr) == (0, "")

    run_sql(database, TABLE)
    done = check(database)

    assert done.returncode == 1
    assert done.stderr.startswith("tenantry: Row-level security is missing for Phone. Write a")
    assert len(done.stderr.splitlines()) == 1


def test_the_check_command_passes_without_a_database():
    """The service starts without its database too, so that this is no failure but a notice."""
    done = check("postgresql://someone:secret@127.0.0.1:1/nowhere")

    assert done.returncode == 0
    assert "the database was not checked" in done.stderr
    assert "secret" not in done.stderr
