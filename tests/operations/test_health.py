"""GET /health and GET /ready of a running service."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from app.database import roles
from app.db import prisma
from prisma_wasm import embedded
from tests.fix_api import Api
from tests.fix_database import run_prisma, run_sql
from tests.fix_service import Serve

LOG_IN = {"email": "ann@example.com", "password": "a horse on the moon"}
NOWHERE = "postgresql://someone:secret@127.0.0.1:1/nowhere"


def test_health_and_ready(serve: Serve, database: str):
    """With a migrated database both answer 200; one DATABASE_URL is all that is needed."""
    with serve(DATABASE_URL=database) as service:
        assert service.get("/health").json() == {"status": "ok"}
        ready = service.wait_until_ready(200)

    assert ready.json() == {"status": "ready"}


def test_the_service_starts_without_a_database_and_recovers(serve: Serve, tmp_path: Path):
    """The service starts without its database server; /ready tells when that starts and stops."""
    folder = tmp_path / "postgres"
    url = embedded.ensure(folder).url()
    try:
        run_prisma(url, "migrate", "deploy")
        embedded.stop(folder)
        with serve(DATABASE_URL=url) as service:
            assert service.get("/health").status_code == 200
            away = service.get("/ready")
            embedded.ensure(folder)
            service.wait_until_ready(200)
            embedded.stop(folder)
            service.wait_until_ready(503)
            assert service.get("/health").status_code == 200
            embedded.ensure(folder)
            service.wait_until_ready(200)
    finally:
        embedded.reset(folder)

    assert away.status_code == 503
    assert away.headers["content-type"] == "application/problem+json"
    assert away.json()["code"] == "database_unavailable"
    assert str(urlsplit(url).password) not in away.text


def test_an_unmigrated_database_is_reported(serve: Serve, empty_database: Callable[[], str]):
    """/ready and other routes report it until the migrations are applied."""
    url = empty_database()
    with serve(DATABASE_URL=url) as service:
        started = service.log.read_text()
        response = service.wait_until_ready(503)
        routes = [service.http.post("/v1/auth/log-in", json=LOG_IN) for _ in range(2)]
        run_prisma(url, "migrate", "deploy")
        service.wait_until_ready(200)
        migrated = service.http.post("/v1/auth/log-in", json=LOG_IN)
        log = service.log.read_text()

    assert started.count("run `prisma migrate deploy`") == 1
    for unmigrated in (response, *routes):
        assert (unmigrated.status_code, unmigrated.headers["retry-after"]) == (503, "1")
        assert unmigrated.json()["code"] == "database_not_migrated"
    assert migrated.status_code == 401
    assert "Traceback" not in log


def test_a_missing_column_is_reported_as_a_missing_migration(serve: Serve, database: str):
    """A database without the latest migration causes a 503, not a 500, for raw queries too."""
    run_sql(database, 'ALTER TABLE "User" DROP COLUMN "passwordHash"')
    with serve(DATABASE_URL=database) as service:
        service.wait_until_ready(200)
        behind = [service.http.post("/v1/auth/log-in", json=LOG_IN) for _ in range(2)]
        log = service.log.read_text()

    assert [(response.status_code, response.json()["code"]) for response in behind] == [
        (503, "database_not_migrated")
    ] * 2
    assert log.count("run `prisma migrate deploy`") == 1


def test_an_unexpected_error_is_logged_once(serve: Serve, database: str):
    """An error without a handler causes a 500, and one traceback in the log."""
    run_sql(
        database,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'out of order'; END $$",
        'CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON "Throttle" EXECUTE FUNCTION fail()',
    )
    with serve(DATABASE_URL=database) as service:
        service.wait_until_ready(200)
        failed = service.http.post("/v1/auth/log-in", json=LOG_IN)
    log = service.log.read_text()  # read after the shutdown: uvicorn logs after it has responded

    assert (failed.status_code, failed.json()["code"]) == (500, "internal_error")
    assert log.count("POST /v1/auth/log-in failed") == 1
    assert log.count("Exception in ASGI application") == 1
    assert log.count("RawQueryError: ") + log.count("DataError: ") == 1


def test_a_refused_password_is_reported(serve: Serve, database: str, role: str):
    """/ready and the log name the correction; the response contains no name and no secret."""
    with serve(DATABASE_URL=database) as service:
        service.wait_until_ready(200)
    run_sql(database, f"ALTER ROLE {role} PASSWORD 'another'")
    production = {
        "APP_ENV": "production",
        "PUBLIC_URL": "https://app.example.com",
        "SMTP_URL": "smtp://127.0.0.1:1",
        "MAIL_FROM": "app@example.com",
    }
    wrong = roles.login_url(database, role, "wrong")
    for extra, correction in (
        ({}, "Run `tenantry db prepare`."),
        ({"APP_DATABASE_URL": wrong}, "Correct APP_DATABASE_URL."),
    ):
        with serve(DATABASE_URL=database, **production, **extra) as service:
            refused = service.wait_until_ready(503)
            log = service.log.read_text()

        assert refused.json()["code"] == "database_unavailable"
        assert refused.json()["detail"].endswith(correction)
        assert role not in refused.text
        assert log.count(correction) == 1


def test_a_database_may_be_created_later(
    serve: Serve, server: str, empty_database: Callable[[], str]
):
    """The service may start before `prisma migrate dev` has created its database."""
    url = empty_database()
    name = urlsplit(url).path.strip("/")
    run_sql(server, f"DROP DATABASE {name}")
    with serve(DATABASE_URL=url) as service:
        assert service.wait_until_ready(503).json()["code"] == "database_unavailable"
        run_sql(server, f"CREATE DATABASE {name}")
        run_prisma(url, "migrate", "deploy")
        service.wait_until_ready(200)


def test_a_role_that_bypasses_row_level_security_is_not_served(serve: Serve, database: str):
    """Neither /ready nor any other route serves with a superuser's URL."""
    with serve(DATABASE_URL=database, APP_DATABASE_URL=database) as service:
        assert service.wait_until_ready(503).json()["code"] == "database_role_unsafe"
        refused = service.http.post("/v1/auth/log-in", json=LOG_IN)

    assert (refused.status_code, refused.json()["code"]) == (503, "database_role_unsafe")


@pytest.mark.parametrize(
    "statement",
    [
        'ALTER TABLE "Throttle" OWNER TO {role}',
        "DO $$ BEGIN EXECUTE format('GRANT %I TO {role}', current_user); END $$",
    ],
    ids=["owns a table", "inherits from the owner"],
)
def test_an_owner_of_the_tables_is_not_served(
    serve: Serve, database: str, role: str, statement: str
):
    """Policies do not apply to owners either, whether superusers or not."""
    run_sql(
        database,
        f"CREATE ROLE {role} LOGIN PASSWORD 'weak'",
        f'GRANT SELECT ON "User" TO {role}',
        statement.format(role=role),
    )
    url = roles.login_url(database, role, "weak")
    with serve(DATABASE_URL=database, APP_DATABASE_URL=url) as service:
        assert service.wait_until_ready(503).json()["code"] == "database_role_unsafe"


def test_tables_without_row_level_security_are_not_served(
    serve: Serve, empty_database: Callable[[], str]
):
    """`prisma db push` applies no policies: /ready names the tables and the correction."""
    url = empty_database()
    run_prisma(url, "db", "push", "--skip-generate")
    with serve(DATABASE_URL=url) as service:
        response = service.wait_until_ready(503).json()
        refused = service.http.post("/v1/auth/log-in", json=LOG_IN).json()
        run_prisma(url, "migrate", "reset", "--force", "--skip-generate")
        service.wait_until_ready(200)  # the correction works

    assert response == refused
    assert response["code"] == "database_unprotected"
    assert "WorkspaceMember" in response["detail"]
    assert "`prisma migrate reset`" in response["detail"]
    assert "migrate deploy" not in response["detail"]


def test_a_schema_may_be_recreated(serve: Serve, database: str):
    """After `prisma migrate reset`, which drops the role's grants, /ready turns 200 again."""
    with serve(DATABASE_URL=database) as service:
        service.wait_until_ready(200)
        run_prisma(database, "migrate", "reset", "--force", "--skip-generate")
        service.wait_until_ready(200)


def test_losing_the_database_is_logged_once(serve: Serve, tmp_path: Path):
    """The log has one line for the loss and one for the return, whatever the number of requests."""
    folder = tmp_path / "postgres"
    url = embedded.ensure(folder).url()
    try:
        run_prisma(url, "migrate", "deploy")
        with serve(DATABASE_URL=url) as service:
            service.wait_until_ready(200)
            embedded.stop(folder)
            service.wait_until_ready(503)
            service.wait_until_ready(503)
            embedded.ensure(folder)
            service.wait_until_ready(200)
            log = service.log.read_text()
    finally:
        embedded.reset(folder)

    assert log.count("does not answer: ") == 1
    assert log.count("answers again") == 1


def test_terminated_connections_are_reopened(serve: Serve, server: str, database: str):
    """If PostgreSQL terminates all connections, at most one request fails for each of them."""
    name = urlsplit(database).path.strip("/")
    url = urlunsplit(urlsplit(database)._replace(query="connection_limit=3"))
    with serve(DATABASE_URL=url) as service:
        service.wait_until_ready(200)
        run_sql(
            server,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        statuses = [service.get("/ready").status_code for _ in range(20)]

    assert statuses.count(200) >= 20 - 3
    assert statuses[-1] == 200


def test_every_route_reports_an_unavailable_database(serve: Serve, server: str, database: str):
    """Routes respond with 503 and Retry-After and log no traceback; they recover with it."""
    name = urlsplit(database).path.strip("/")
    with serve(DATABASE_URL=database) as service:
        service.wait_until_ready(200)
        run_sql(
            server,
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        service.wait_until_ready(503)
        away = service.http.post("/v1/auth/log-in", json=LOG_IN)
        run_sql(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        service.wait_until_ready(200)
        back = service.http.post("/v1/auth/log-in", json=LOG_IN)
        log = service.log.read_text()

    assert (away.status_code, away.headers["retry-after"]) == (503, "1")
    assert away.json()["code"] == "database_unavailable"
    assert back.status_code == 401
    assert "Traceback" not in log


async def test_a_request_during_a_reconnect_is_a_503(api: Api):
    """The client has no engine while it reconnects to a server that restarted or thawed."""
    ann = await api.person("ann")
    bridge = prisma._internal_engine  # pyright: ignore[reportPrivateUsage]  # a reconnect closes it
    assert bridge is not None
    await bridge.aclose()

    response = await ann.get("/v1/me")

    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["code"] == "database_unavailable"


@pytest.mark.parametrize("path", ["/nothing", "/health/more"])
def test_unknown_paths_are_problems(serve: Serve, path: str):
    """An unknown path gets a problem document."""
    with serve(DATABASE_URL=NOWHERE) as service:
        response = service.get(path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "not_found"


def test_a_pooled_url_with_a_direct_one(serve: Serve, database: str):
    """DATABASE_URL may be a pooler's; the role is then created through DIRECT_URL."""
    pooled = urlunsplit(urlsplit(database)._replace(query="pgbouncer=true&connection_limit=2"))
    with serve(DATABASE_URL=pooled, DIRECT_URL=database) as service:
        service.wait_until_ready(200)
