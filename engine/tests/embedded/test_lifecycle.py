"""A server's ordinary life: made, joined, stopped, started again, deleted."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from acting import ensure_elsewhere, keepers, postmasters, query, server_pid, until

from prisma_wasm import embedded
from prisma_wasm.embedded import EmbeddedError


def test_first_start_creates_the_database_and_says_so(folder: Path) -> None:
    """The first start says that it creates something, and the default database is there."""
    said: list[str] = []
    embedded.ensure(folder, database="app", say=said.append)
    *_, last = said  # on a busy machine it also says that it waits
    assert "Creating a PostgreSQL database in" in last
    assert str(folder) in last
    assert query(folder, "SELECT current_database()") == "app"


def test_data_stays_out_of_git(made: Path) -> None:
    """A data directory that the first start makes ignores itself, as a virtual environment does."""
    root = made.parent.parent
    subprocess.run(["git", "init", "-q", str(root)], check=True, timeout=60)
    status = ["git", "-C", str(root), "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, check=True, capture_output=True, timeout=60).stdout == b""
    # What was there before, with other things in it, is not ours to ignore: our folder is.
    kept = root / "var"
    kept.mkdir()
    (kept / "own.txt").touch()
    embedded.ensure(kept / "postgres")
    embedded.reset(kept / "postgres")
    shown = subprocess.run(status, check=True, capture_output=True, text=True, timeout=60).stdout
    assert shown == "?? var/own.txt\n"


def test_settings_are_the_same_everywhere(shared: Path) -> None:
    """UTF-8, UTC and a collation that does not depend on the machine."""
    assert query(shared, "SHOW server_encoding") == "UTF8"
    assert query(shared, "SHOW timezone") == "UTC"
    assert query(shared, "SHOW fsync") == "on"
    assert query(shared, "SELECT lower('ÄÖÜ')") == "äöü"


def test_others_join_the_running_server(shared: Path) -> None:
    """A second process, and this one again, get the same server, and nothing is started."""
    pid = server_pid(shared)
    first = embedded.ensure(shared, database="app")
    assert embedded.ensure(shared, database="app", say=pytest.fail) == first
    assert ensure_elsewhere(shared) == first.port
    assert server_pid(shared) == pid
    assert len(keepers(shared)) == 1


def test_data_and_address_survive_a_stop(made: Path) -> None:
    """After a stop the same URL reaches the same data."""
    folder = made
    before = embedded.ensure(folder, database="app")
    query(folder, "CREATE TABLE t AS SELECT 7 AS n")
    assert embedded.stop(folder) is True
    assert embedded.status(folder).running is False
    assert keepers(folder) == []
    assert embedded.stop(folder) is False
    assert embedded.ensure(folder, database="app").url("app") == before.url("app")
    assert query(folder, "SELECT n FROM t") == "7"


def test_reset_begins_anew(made: Path) -> None:
    """A reset deletes the data and the password, and the next start works."""
    folder = made
    before = embedded.ensure(folder, database="app")
    query(folder, "CREATE TABLE t AS SELECT 7 AS n")
    embedded.reset(folder)
    assert embedded.status(folder) == embedded.Status(folder, None, running=False)
    after = embedded.ensure(folder, database="app")
    assert after.password != before.password
    assert query(folder, "SELECT to_regclass('t') IS NULL") == "t"


def test_dropped_database_stays_dropped(shared: Path) -> None:
    """A project's database is made once; whoever drops it has it stay away."""
    embedded.ensure(shared, database="dropped")
    query(shared, "DROP DATABASE dropped")
    embedded.ensure(shared, database="dropped")
    assert query(shared, "SELECT count(*) FROM pg_database WHERE datname = 'dropped'") == "0"


def test_existing_database_and_odd_names(shared: Path) -> None:
    """A database that somebody made already is fine, and no name needs care."""
    query(shared, "CREATE DATABASE existing")
    embedded.ensure(shared, database="existing")
    odd = """it's "odd" %s"""
    server = embedded.ensure(shared, database=odd)
    assert query(shared, "SELECT current_database()", odd) == odd
    assert server.url(odd).endswith("/it%27s%20%22odd%22%20%25s")


def test_status_changes_nothing(folder: Path) -> None:
    """Looking at a server that was never started makes no file."""
    assert embedded.status(folder) == embedded.Status(folder, None, running=False)
    assert embedded.stop(folder) is False
    embedded.reset(folder)
    assert not folder.exists()


def test_psql_needs_a_running_server(folder: Path) -> None:
    """The error names the folder."""
    with pytest.raises(EmbeddedError, match=str(folder)):
        embedded.psql_command(folder)


@pytest.mark.parametrize(
    "name",
    [
        "/".join(['it\'s "a" $HOME dir', "Prüfung 数据", "back\\slash", *["deep" * 10] * 10]),
        *(
            pytest.param(name, marks=pytest.mark.full)
            for name in (
                "/".join(["deep" * 10] * 12),
                'it\'s "a" $HOME dir',
                "Prüfung 数据",
                "back\\slash",
            )
        ),
    ],
)
def test_any_path_will_do(project: Path, name: str) -> None:
    """Deep folders (longer than a socket's path may be) and odd names work."""
    folder = project / name / ".data" / "postgres"
    try:
        embedded.ensure(folder, database="app")
        assert query(folder, "SELECT 1") == "1"
    finally:
        embedded.stop(folder)


def test_stopped_project_can_move(project: Path, made: Path) -> None:
    """Nothing in the data remembers where it was."""
    folder = made
    embedded.ensure(folder, database="app")
    query(folder, "CREATE TABLE t AS SELECT 7 AS n")
    embedded.stop(folder)
    moved = project / "moved"
    folder.parent.rename(moved)
    embedded.ensure(moved / "postgres", database="app")
    assert query(moved / "postgres", "SELECT n FROM t") == "7"


def test_running_project_can_move(project: Path, made: Path) -> None:
    """The server goes on where its folder went, with its keeper."""
    port = embedded.ensure(made, database="app", idle_minutes=1 / 60).port
    pid = server_pid(made)
    moved = project / "moved"
    made.parent.rename(moved)
    # Four times what the keeper needs to notice: it must not take the folder for deleted.
    time.sleep(1)
    assert embedded.ensure(moved / "postgres", database="app").port == port
    assert server_pid(moved / "postgres") == pid
    assert embedded.stop(moved / "postgres") is True
    until(lambda: not keepers(made))


def test_copied_project_has_a_server_of_its_own(project: Path, made: Path) -> None:
    """A copy, made while the server runs, does not meddle with the original."""
    folder = made
    embedded.ensure(folder, database="app")
    query(folder, "CREATE TABLE t AS SELECT 7 AS n; CHECKPOINT")
    moved = project / "moved"
    subprocess.run(["cp", "-a", folder.parent, moved], check=True, timeout=60)
    copy = embedded.ensure(moved / "postgres", database="app")
    assert copy.port != embedded.ensure(folder).port
    assert query(moved / "postgres", "SELECT n FROM t") == "7"
    assert query(folder, "SELECT n FROM t") == "7"


def test_deleted_folder_takes_its_server_along(made: Path) -> None:
    """After `rm -rf .data` the server ends by itself, and a new one can be made."""
    folder = made
    embedded.ensure(folder, database="app")
    query(folder, "CREATE TABLE t AS SELECT 7 AS n")
    # Again and again: the server still writes while it goes.
    until(lambda: shutil.rmtree(folder.parent, ignore_errors=True) or not folder.exists())
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT to_regclass('t') IS NULL") == "t"
    until(lambda: len(postmasters(folder)) == 1)
