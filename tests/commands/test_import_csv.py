"""`tenantry import-csv`: all of a file or nothing, whatever ends the process."""

import asyncio
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from prisma import Prisma

from app.imports.reading import MAX_LINES
from app.settings import ROOT
from tests.fix_service import COMMAND_LIMIT, environment, run_tenantry

USERS = "email,role\nzoe@example.com,ADMIN\nyan@example.com,\n"


@pytest.fixture
async def tenant(owner: Prisma) -> str:
    made = await owner.tenant.create({"name": "Studio", "domain": "studio.example.com"})
    return made.id


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text(USERS)
    return path


async def test_import(owner: Prisma, database: str, tenant: str, file: Path):
    """A dry run changes nothing; a second import finds the users of the first."""
    dry = run_tenantry("import-csv", tenant, "users", str(file), "--dry-run", DATABASE_URL=database)
    assert await owner.tenantuser.count() == 0
    done = run_tenantry(
        "import-csv", "Studio.example.com", "users", str(file), DATABASE_URL=database
    )
    again = run_tenantry("import-csv", tenant, "users", str(file), DATABASE_URL=database)

    assert [(each.returncode, each.stdout) for each in (dry, done, again)] == [
        (0, "Would be imported: 3 lines, 2 created, 0 updated, 0 left unchanged.\n"),
        (0, "Imported: 3 lines, 2 created, 0 updated, 0 left unchanged.\n"),
        (
            1,
            (
                "line 2, column email: The tenant has a user of this address.\n"
                "line 3, column email: The tenant has a user of this address.\n"
                "2 errors in 3 lines: nothing was imported.\n"
            ),
        ),
    ]
    (event,) = await owner.auditevent.find_many()
    assert (event.action, event.tenantId, event.details["by"]) == (
        "users.imported",
        tenant,
        "tenantry import-csv",
    )


async def test_options(owner: Prisma, database: str, tenant: str, tmp_path: Path):
    """Delimiter, encoding, existing users and links are those of the arguments."""
    path = tmp_path / "users.csv"
    path.write_bytes("email\trole\nzoe@exämple.com\tADMIN\n".encode("cp1252"))
    arguments = ["--delimiter", "tab", "--encoding", "windows-1252", "--send-links"]

    done = run_tenantry("import-csv", tenant, "users", str(path), *arguments, DATABASE_URL=database)
    skipped = run_tenantry(
        "import-csv", tenant, "users", str(path), *arguments, "--on-existing", "skip",
        DATABASE_URL=database,
    )  # fmt: skip

    assert (done.returncode, skipped.returncode) == (0, 0), done.stderr + done.stdout
    assert "1 left unchanged" in skipped.stdout
    (mail,) = await owner.outboxmail.find_many()
    assert mail.recipient == "zoe@xn--exmple-cua.com"


async def test_what_cannot_be_used_is_named(database: str, tenant: str, file: Path):
    """An unknown tenant or a missing file is one line."""
    for arguments, message in (
        (("other.example.com", "users", str(file)), "No tenant has the id or the domain"),
        ((tenant, "users", str(file.with_name("no.csv"))), "no.csv cannot be read: No such file"),
    ):
        done = run_tenantry("import-csv", *arguments, DATABASE_URL=database)
        assert done.returncode == 1
        assert message in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
async def test_an_interrupted_import_changes_nothing(
    owner: Prisma, database: str, tenant: str, tmp_path: Path, end: signal.Signals
):
    """Killed or interrupted while its transaction is open; the same file can be imported later."""
    path = tmp_path / "users.csv"
    path.write_text("email\n" + "".join(f"user{number}@example.com\n" for number in range(3000)))
    # The import waits for this user, so that it is open when it ends.
    async with owner.tx(timeout=timedelta(seconds=COMMAND_LIMIT)) as tx:
        await tx.tenantuser.create({"tenantId": tenant, "email": "user2500@example.com"})
        process = _start(database, tenant, path)
        await _wait_until_blocked(owner)
        process.send_signal(end)
        _, complaint = process.communicate(timeout=COMMAND_LIMIT)
        raised = process.returncode
    if end is signal.SIGINT:
        assert (raised, "nothing was imported" in complaint) == (130, True)

    assert raised != 0
    assert await owner.tenantuser.count() == 1
    assert await owner.auditevent.count() == 0


@pytest.mark.full
async def test_the_largest_file(owner: Prisma, database: str, tenant: str, tmp_path: Path):
    """100,000 users are imported, and the progress is shown."""
    path = tmp_path / "users.csv"
    path.write_text("email\n" + "".join(f"user{n}@example.com\n" for n in range(MAX_LINES)))

    done = run_tenantry("import-csv", tenant, "users", str(path), DATABASE_URL=database)

    assert done.returncode == 0, done.stderr
    assert " lines per second" in done.stderr
    assert await owner.tenantuser.count() == MAX_LINES


def _start(database: str, tenant: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [Path(sys.executable).with_name("tenantry"), "import-csv", tenant, "users", path],
        cwd=ROOT,
        env=environment(DATABASE_URL=database),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has all that they start ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


async def _wait_until_blocked(owner: Prisma) -> None:
    """Wait until a statement of the import waits for a lock."""
    until = time.monotonic() + COMMAND_LIMIT
    while time.monotonic() < until:
        found = await owner.query_first(
            """
            SELECT count(*) AS "waiting" FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
        )
        if found["waiting"]:
            return
        await asyncio.sleep(0.05)
    pytest.fail("the import never waited")
