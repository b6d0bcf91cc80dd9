"""The database role of the service, created by `tenantry db prepare`."""

import re
import subprocess
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from prisma import Prisma
from prisma.errors import PrismaError

from app.database import roles
from app.database.scope import use_scope
from tests.fix_database import run_prisma, run_sql
from tests.fix_service import SECRET_KEY, run_tenantry

ANOTHER_KEY = "another secret key of at least 32 characters"
SOMEBODY = "00000000-0000-7000-8000-000000000001"


def prepare(
    database: str, role: str, *options: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    return run_tenantry(
        "db", "prepare", *options, DATABASE_URL=database, APP_DATABASE_ROLE=role, **settings
    )


@pytest.fixture
def role_url(database: str, role: str) -> str:
    return roles.login_url(database, role, roles.password(SECRET_KEY, role))


async def test_the_role_reads_and_writes_rows_and_owns_nothing(
    database: str, role: str, role_url: str
):
    """It may change rows, but no tables, no roles and not the history of migrations."""
    assert prepare(database, role).returncode == 0

    async with Prisma(use_dotenv=False, datasource={"url": role_url}) as client:
        with use_scope(user=SOMEBODY):
            await client.user.create({"id": SOMEBODY, "email": "role@example.com"})
            assert await client.user.delete(where={"id": SOMEBODY})
        for forbidden in (
            'DROP TABLE "Workspace"',
            'ALTER TABLE "User" ADD COLUMN more int',
            'TRUNCATE "User" CASCADE',
            "SELECT * FROM _prisma_migrations",
            "CREATE TABLE more (id int)",
            "CREATE ROLE more",
            'SELECT * FROM "OutboxMail"',
            'UPDATE "AuditEvent" SET action = action',
            'DELETE FROM "AuditEvent"',
        ):
            with pytest.raises(PrismaError):
                await client.execute_raw(forbidden)


async def test_a_role_that_is_prepared_before_the_first_migration(
    empty_database: Callable[[], str], role: str
):
    """It may use the tables created since, but not the history of migrations."""
    database = empty_database()
    assert prepare(database, role).returncode == 0
    run_prisma(database, "migrate", "deploy")

    url = roles.login_url(database, role, roles.password(SECRET_KEY, role))
    async with Prisma(use_dotenv=False, datasource={"url": url}) as client:
        with use_scope(user=SOMEBODY):
            await client.user.create({"id": SOMEBODY, "email": "role@example.com"})
        for forbidden in (
            "SELECT * FROM _prisma_migrations",
            "DELETE FROM _prisma_migrations",
            "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('a', 'b', 'c')",
        ):
            with pytest.raises(PrismaError, match="permission denied"):
                await client.execute_raw(forbidden)
    # A second run has nothing to do, and the owner keeps its rights.
    assert prepare(database, role).returncode == 0
    run_prisma(database, "migrate", "deploy")


async def test_preparing_twice_changes_nothing(database: str, role: str, role_url: str):
    """The second run succeeds, and the role may read the tables of later migrations."""
    for _ in range(2):
        done = prepare(database, role)
        assert done.returncode == 0, done.stderr
    run_sql(database, "CREATE TABLE later (id int)")

    async with Prisma(use_dotenv=False, datasource={"url": role_url}) as client:
        assert await client.query_raw("SELECT * FROM later") == []


async def test_another_secret_key_means_another_password(database: str, role: str, role_url: str):
    """Preparing with a new secret key rotates the password."""
    prepare(database, role)
    prepare(database, role, SECRET_KEY=ANOTHER_KEY)

    with pytest.raises(PrismaError):
        await Prisma(use_dotenv=False, datasource={"url": role_url}).connect()


async def test_the_role_of_another_installation_is_left_alone(
    database: str, role: str, role_url: str, empty_database: Callable[[], str]
):
    """The second of two installations with one role on one server is refused; the first works."""
    second = empty_database()
    assert prepare(database, role).returncode == 0
    refused = prepare(second, role, SECRET_KEY=ANOTHER_KEY)

    assert refused.returncode == 1
    assert "APP_DATABASE_ROLE" in refused.stderr
    assert urlsplit(database).path.strip("/") in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    async with Prisma(use_dotenv=False, datasource={"url": role_url}):
        pass

    taken = prepare(second, role, "--take-over", SECRET_KEY=ANOTHER_KEY)
    assert taken.returncode == 0, taken.stderr
    with pytest.raises(PrismaError):
        await Prisma(use_dotenv=False, datasource={"url": role_url}).connect()


def test_one_installation_may_have_several_databases(
    database: str, role: str, empty_database: Callable[[], str]
):
    """With one secret key they share the role, also while that key is rotated."""
    second = empty_database()
    first = {"SECRET_KEY": "f" * 32}
    rotated = {"SECRET_KEY": ANOTHER_KEY, "FORMER_SECRET_KEYS": "f" * 32}
    for url, settings in (
        (database, first),
        (second, first),
        (second, rotated),
        (database, rotated),
    ):
        done = prepare(url, role, **settings)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def weak_owner(database: str, role: str) -> Iterator[str]:
    """Return the URL of an owner of the database and its tables who may not create roles."""
    name = f"{role}_owner"
    tables = run_sql(
        database,
        "SELECT oid::regclass FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    )
    run_sql(
        database,
        f"CREATE ROLE {name} LOGIN PASSWORD 'weak' NOCREATEROLE",
        f"ALTER DATABASE {urlsplit(database).path.strip('/')} OWNER TO {name}",
        f"ALTER SCHEMA public OWNER TO {name}",
        *(f"ALTER TABLE {table} OWNER TO {name}" for table in tables),
    )
    yield roles.login_url(database, name, "weak")
    run_sql(
        database,
        f"REASSIGN OWNED BY {name} TO CURRENT_USER",
        f"DROP OWNED BY {name}",
        f"DROP ROLE {name}",
    )


def test_an_owner_who_may_not_create_roles_is_told(database: str, role: str, weak_owner: str):
    """One line says what an administrator has to run, and running that is enough."""
    refused = prepare(weak_owner, role)

    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    (command,) = re.findall(r"run: (CREATE ROLE .*?);", refused.stderr)
    run_sql(database, command)
    done = prepare(weak_owner, role)
    assert done.returncode == 0, done.stderr


def test_a_role_that_cannot_log_in_is_not_called_ready(database: str, role: str, weak_owner: str):
    """A role with another password is reported with the command that corrects it."""
    run_sql(database, f"CREATE ROLE {role} LOGIN PASSWORD 'another'")
    refused = prepare(weak_owner, role)

    assert refused.returncode == 1
    (command,) = re.findall(r"run: (ALTER ROLE .*?);", refused.stderr)
    run_sql(database, command)
    done = prepare(weak_owner, role)
    assert done.returncode == 0, done.stderr


def test_an_unreachable_database_is_reported_in_one_line(role: str):
    """The message has no traceback and no password."""
    done = prepare("postgresql://owner:geheim@127.0.0.1:1/x", role)

    assert done.returncode == 1
    assert "Can't reach database server" in done.stderr
    assert "geheim" not in done.stderr
    assert "Traceback" not in done.stderr
