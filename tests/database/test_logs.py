"""What the log says of the database: in development, in production, and as DATABASE_LOG says."""

import pytest

from tests.fix_api import PASSWORD
from tests.fix_database import run_sql
from tests.fix_service import Serve

EMAIL = "logged@example.com"
PRODUCTION = {
    "APP_ENV": "production",
    "PUBLIC_URL": "https://app.example.com",
    "SMTP_URL": "smtp://127.0.0.1:1",
    "MAIL_FROM": "app@example.com",
}
QUERY, FAILURE = "prisma_wasm.query: ", "prisma_wasm.error: query_raw failed: P2010, code P0001"


@pytest.mark.parametrize(
    ("settings", "logged"),
    [
        ({"DATABASE_LOG": ""}, {QUERY, FAILURE}),
        ({**PRODUCTION, "DATABASE_LOG": ""}, {FAILURE}),
        ({**PRODUCTION, "DATABASE_LOG": "query"}, {QUERY}),
        ({"DATABASE_LOG": "none"}, set[str]()),
    ],
    ids=["development", "production", "production with queries", "nothing"],
)
def test_what_is_logged(serve: Serve, database: str, settings: dict[str, str], logged: set[str]):
    """Statements and failed queries are logged as the setting says, and no value ever is."""
    with serve(DATABASE_URL=database) as service:  # prepares the role, which production does not
        service.wait_until_ready(200)
    run_sql(
        database,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'out of order: %', NEW; END $$",
        'CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON "Throttle" EXECUTE FUNCTION fail()',
    )
    with serve(DATABASE_URL=database, **settings) as service:
        service.wait_until_ready(200)
        body = {"email": EMAIL, "password": PASSWORD}
        assert service.http.post("/v1/auth/log-in", json=body).status_code == 500
        lines = service.log.read_text().splitlines()

    about_queries = [line for line in lines if "prisma_wasm" in line]
    assert {text for text in (QUERY, FAILURE) if any(text in line for line in lines)} == logged
    for line in about_queries:
        assert EMAIL not in line
        assert "out of order" not in line
