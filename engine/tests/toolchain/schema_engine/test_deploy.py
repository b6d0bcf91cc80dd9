"""`prisma migrate deploy`, `status`, `resolve` and `reset`: migrations that apply or fail."""

import asyncio
import time
from collections.abc import Callable

import pytest
from cli_project import Project, full

DEPLOY = ("migrate", "deploy")
STATUS = ("migrate", "status")
RESOLVE = ("migrate", "resolve")
FAILED = "SELECT logs FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL"

TAKE_LOCK = "SELECT pg_advisory_lock(72707369)"
HOLDERS = """SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND granted AND objid = 72707369"""

BLOCKS = """DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN
    CREATE TYPE mood AS ENUM ('a;b', 'c');
  END IF;
END $$;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $f$
BEGIN NEW."createdAt" := now(); RETURN NEW; END; $f$;
CREATE TRIGGER t BEFORE UPDATE ON "User" FOR EACH ROW EXECUTE FUNCTION touch();
INSERT INTO "User"(email, name) VALUES ('x;y', 'semi; colon');
"""


def test_deploy(project: Project, blog_sql: str) -> None:
    """Blocks, functions, semicolons and a lone CONCURRENTLY apply, to a database made for it."""
    project.migration("20260101000000_init", blog_sql)
    project.migration("20260101000001_blocks", BLOCKS)
    project.migration(
        "20260101000002_concurrently",
        'CREATE INDEX CONCURRENTLY "User_name_idx" ON "User"("name");',
    )
    project.prisma(*DEPLOY).expect(
        0, "database .* created.*All migrations have been successfully applied"
    )
    project.prisma(*DEPLOY).expect(0, "No pending migrations to apply")
    assert project.sql('SELECT name FROM "User"') == ["semi; colon"]
    assert project.sql(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = '\"User_name_idx\"'::regclass"
    ) == [True]


def test_a_failing_migration(deployed: Project) -> None:
    """P3018 names it, nothing of it stays, and P3009 stops the next one until it is resolved."""
    deployed.migration(
        "20260101000003_bad",
        '-- a comment\nALTER TABLE "User" ADD COLUMN good int;\n\n'
        'ALTER TABLE "Nowhere" ADD COLUMN bad int;\n',
    )
    deployed.prisma(*DEPLOY).expect(
        1,
        "Error: P3018\n.*Migration name: 20260101000003_bad\n\n"
        "Database error code: 42P01\n\nDatabase error:\n"
        'ERROR: relation "Nowhere" does not exist\n\nDbError {.*SqlState\\(E42P01\\)',
    )
    assert deployed.sql(
        "SELECT count(*) FROM information_schema.columns WHERE column_name = 'good'"
    ) == [0]
    [logs] = deployed.sql(FAILED)
    assert "Migration name: 20260101000003_bad" in logs
    assert "42P01" in logs
    deployed.prisma(*DEPLOY).expect(1, "P3009.*`20260101000003_bad` migration started at .* failed")
    deployed.prisma(*STATUS).expect(1, "Following migrations? ha(ve|s) failed:\n20260101000003_bad")
    deployed.prisma(*RESOLVE, "--rolled-back", "20260101000003_bad").expect(
        0, "marked as rolled back"
    )
    (deployed.migrations / "20260101000003_bad" / "migration.sql").unlink()
    (deployed.migrations / "20260101000003_bad").rmdir()
    deployed.prisma(*STATUS).expect(0, "up to date")


@pytest.mark.parametrize(
    ("script", "code", "pattern"),
    [
        full("CREATE TABEL x ();", "42601", r"Position:\n  0\n  1 CREATE TABEL x \(\);"),
        (
            "SELECT 1;\n\n-- \"ä😀\"\nSELECT 'ä😀', nope;",
            "42703",
            r"Position:\n  0\n  1 SELECT 1;\n  2\n  3 .*\n  4 SELECT 'ä😀', nope;",
        ),
        (
            "CREATE TABLE t AS VALUES (1), (2);\nCREATE UNIQUE INDEX i ON t ((1));",
            "23505",
            r"could not create unique index \"i\"\nDETAIL: Key \(\(1\)\)=\(1\) is duplicated",
        ),
        full(
            "DO $$ BEGIN RAISE EXCEPTION 'no; way' USING HINT = 'try again'; END $$;",
            "P0001",
            "ERROR: no; way\nHINT: try again",
        ),
        full(
            "CREATE TABLE a (id int); CREATE INDEX CONCURRENTLY i ON a (id);",
            "25001",
            "cannot be executed|cannot run inside",
        ),
        ("BEGIN; CREATE TABLE a (id int); COMMIT; SELECT 1/0;", "22012", "division by zero"),
    ],
)
def test_what_the_server_refuses(deployed: Project, script: str, code: str, pattern: str) -> None:
    """P3018 bears the database's code, detail and hint, and marks the line if it knows it."""
    deployed.migration("20260101000001_refused", script)
    deployed.prisma(*DEPLOY).expect(
        1, f"P3018.*20260101000001_refused\n\nDatabase error code: {code}\n.*{pattern}"
    )
    left = deployed.sql("SELECT count(*) FROM pg_tables WHERE tablename IN ('t', 'a')")
    assert left == [1 if "COMMIT" in script else 0]


@pytest.mark.full
def test_resolve(deployed: Project) -> None:
    """A migration can be marked as applied once, and as rolled back only if it failed."""
    deployed.migration("29990101000001_more", 'CREATE TABLE "more" (id int PRIMARY KEY);')
    deployed.prisma(*STATUS).expect(1, "have not yet been applied:\n29990101000001_more")
    deployed.prisma(*RESOLVE, "--applied", "29990101000001_more").expect(0, "marked as applied")
    deployed.prisma(*RESOLVE, "--applied", "29990101000001_more").expect(1, "P3008")
    deployed.prisma(*RESOLVE, "--rolled-back", "29990101000001_more").expect(1, "P3012")
    deployed.prisma(*RESOLVE, "--applied", "nothing").expect(1, "P3017")
    deployed.prisma(*STATUS).expect(0, "Database schema is up to date!")


@pytest.mark.full
def test_a_failed_migration_marked_as_applied(deployed: Project) -> None:
    """What was mended by hand counts as applied."""
    deployed.migration("20260101000004_syntax", "CREATE TABEL x ();")
    deployed.prisma(*DEPLOY).expect(1, "P3018")
    deployed.prisma(*RESOLVE, "--applied", "20260101000004_syntax").expect(0, "marked as applied")
    deployed.prisma(*DEPLOY).expect(0, "No pending migrations")


def test_reset(deployed: Project) -> None:
    """Everything goes and the migrations are applied anew."""
    deployed.sql("CREATE TABLE stray (id int)")
    deployed.prisma("migrate", "reset", "--force", "--skip-generate", "--skip-seed").expect(
        0, "Database reset successful"
    )
    assert deployed.sql("SELECT count(*) FROM _prisma_migrations") == [1]
    assert deployed.sql("SELECT count(*) FROM pg_tables WHERE tablename = 'stray'") == [0]


@pytest.mark.full
def test_the_advisory_lock(deployed: Project) -> None:
    """Another migration's lock stops this one with P1002; a variable turns the lock off."""

    async def while_locked() -> None:
        holder = asyncio.create_task(
            asyncio.to_thread(deployed.sql, TAKE_LOCK, "SELECT pg_sleep(60)")
        )
        await asyncio.to_thread(wait_for_lock, deployed)
        refused = asyncio.to_thread(deployed.prisma, *DEPLOY)
        unlocked = asyncio.to_thread(
            deployed.prisma, *DEPLOY, PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK="1"
        )
        outcomes = await asyncio.gather(refused, unlocked)
        outcomes[0].expect(1, "P1002.*Timed out trying to acquire a postgres advisory lock")
        outcomes[1].expect(0, "No pending")
        deployed.sql(HOLDERS.replace("pid", "pg_terminate_backend(pid)"))
        with pytest.raises(Exception, match=r"terminat|closed"):
            await holder

    asyncio.run(while_locked())


def wait_for_lock(project: Project) -> None:
    end = time.monotonic() + 120
    while not project.sql(HOLDERS):
        assert time.monotonic() < end, "the lock was not taken"
        time.sleep(0.1)


def test_two_deployments_at_once(make_project: Callable[..., Project], blog_sql: str) -> None:
    """The lock lies where the migration runs: of two deployments one applies, the other waits."""

    async def both() -> list[str]:
        runs = (asyncio.to_thread(project.prisma, *DEPLOY) for _ in range(2))
        return [outcome.expect(0, "").text for outcome in await asyncio.gather(*runs)]

    project = make_project(exists=True)
    project.migration("20260101000000_init", blog_sql + "SELECT pg_sleep(1);\n")
    texts = sorted(asyncio.run(both()), key=lambda text: "No pending" in text)
    assert "successfully applied" in texts[0]
    assert "No pending" in texts[1]


@pytest.mark.full
def test_a_database_that_is_not_empty(make_project: Callable[..., Project]) -> None:
    """P3005 for tables that no migration made, P3019 for migrations of another provider."""
    full = make_project(exists=True)
    full.sql("CREATE TABLE stray (id int)")
    full.migration("20260101000000_init", "SELECT 1;")
    full.prisma(*DEPLOY).expect(1, "P3005.*not empty")
    (full.migrations / "migration_lock.toml").write_text('provider = "mysql"\n')
    full.prisma(*DEPLOY).expect(1, "P3019")


def test_a_panic(deployed: Project) -> None:
    """A panic of the engine is an ordinary error with its reason."""
    outcome = deployed.prisma(*DEPLOY, FORCE_PANIC_SCHEMA_ENGINE="1")
    outcome.expect(1, "Error in Schema engine.\nReason: .*artificial panic")
