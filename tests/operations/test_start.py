"""`tenantry serve --migrate`, which `make run` and `make dev` use."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.operations import migrations
from app.settings import ROOT, load
from tests.fix_database import COMMAND_LIMIT, run_sql
from tests.fix_service import SECRET_KEY, Serve, environment

NOWHERE = "postgresql://someone:secret@127.0.0.1:1/nowhere"
NEWEST = "(SELECT max(migration_name) FROM _prisma_migrations)"

Deployments = Callable[[str], int]


@pytest.fixture
def deployments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Deployments:
    """Prepare a start on a database; return how often it runs `prisma migrate deploy`."""

    def start(url: str) -> int:
        count = 0

        def deploy() -> None:
            nonlocal count
            count += 1

        monkeypatch.setattr(migrations, "deploy", deploy)
        settings = load(
            {"DATABASE_URL": url, "SECRET_KEY": SECRET_KEY},
            env_file=tmp_path / "no.env",
            data=tmp_path,
        )
        migrations.bring_up_to_date(settings)
        return count

    return start


def test_no_command_runs_when_nothing_is_pending(
    deployments: Deployments, database: str, capsys: pytest.CaptureFixture[str]
):
    """A later start needs no Node, and says what it found."""
    assert deployments(database) == 0
    assert "The database has all" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change",
    [
        f"DELETE FROM _prisma_migrations WHERE migration_name = {NEWEST}",
        f"UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name = {NEWEST}",
        f"UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = {NEWEST}",
        f"UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = {NEWEST}",
        "UPDATE _prisma_migrations SET migration_name = 'other' WHERE migration_name = " + NEWEST,
        "DROP TABLE _prisma_migrations",
    ],
    ids=["pending", "edited", "failed", "rolled back", "unknown", "none applied"],
)
def test_prisma_decides_about_everything_else(deployments: Deployments, database: str, change: str):
    """`prisma migrate deploy` applies or explains whatever differs from the folder."""
    run_sql(database, change)

    assert deployments(database) == 1


def test_prisma_explains_an_unreachable_database():
    """Its message has the code that the README explains, and nothing is served."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    done = subprocess.run(
        [Path(sys.executable).with_name("tenantry"), "serve", "--migrate"],
        cwd=ROOT,
        env=environment(DATABASE_URL=NOWHERE, PORT=port),
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT,
        check=False,
    )

    assert done.returncode == 1
    assert "P1001" in done.stdout + done.stderr
    assert "tenantry: The migrations could not be applied" in done.stderr
    assert "Uvicorn running" not in done.stderr


def test_an_empty_database_is_migrated_and_served(serve: Serve, empty_database: Callable[[], str]):
    """The first start applies the migrations, the second finds them applied."""
    url = empty_database()
    for expected in ("Applying migrations ...", "The database has all"):
        with serve(program="tenantry", DATABASE_URL=url, migrate=True) as service:
            assert service.get("/ready").status_code == 200
            assert expected in service.log.read_text()
