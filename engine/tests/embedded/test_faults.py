"""What can go wrong: many at once, processes killed at any moment, damaged data, no room."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest
from acting import (
    ENSURE,
    LIMIT,
    is_alive,
    keepers,
    postmasters,
    query,
    server_pid,
    spawn,
    until,
    user_elsewhere,
)

from prisma_wasm import embedded
from prisma_wasm.embedded import EmbeddedError

_OTHERS = "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
_HELD = f"{_OTHERS} AND state = 'idle in transaction'"
_BLOCKED = f"{_OTHERS} AND wait_event_type = 'Lock'"


def test_eight_first_starts_make_one_server(folder: Path) -> None:
    """Whoever comes at the same time ends up at the same server."""
    programs = [spawn(ENSURE, folder, 5) for _ in range(8)]
    outputs = [program.communicate(timeout=LIMIT) for program in programs]
    assert {program.returncode for program in programs} == {0}, outputs
    assert len({output for output, _ in outputs}) == 1
    assert len(postmasters(folder)) == 1
    assert len(keepers(folder)) == 1
    assert sum("Creating" in errors for _, errors in outputs) == 1
    assert query(folder, "SELECT 1") == "1"


def has_begun(folder: Path) -> bool:
    """A cluster is being made, out of sight."""
    return any(folder.glob("new-*"))


def is_made(folder: Path) -> bool:
    """The cluster is whole, and its server about to start."""
    return (folder / "cluster").exists()


def is_started(folder: Path) -> bool:
    """The server is there, and the database about to be created."""
    return embedded.status(folder).running


MOMENTS = [
    has_begun,
    is_made,
    is_started,
    *(pytest.param(seconds, marks=pytest.mark.full) for seconds in (0.05, 0.2, 0.4, 0.6, 0.8, 1.2)),
]


def wait_for(moment: Callable[[Path], bool] | float, folder: Path) -> None:
    if callable(moment):
        until(lambda: moment(folder))
    else:
        time.sleep(moment)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_starter(folder: Path, moment: Callable[[Path], bool] | float) -> None:
    """A starter that is killed, whatever it was doing, leaves nothing that hinders the next."""
    starter = spawn(ENSURE, folder, 5)
    wait_for(moment, folder)
    starter.kill()
    starter.communicate(timeout=LIMIT)
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT 1") == "1"
    assert len(postmasters(folder)) == 1


@pytest.mark.parametrize("moment", MOMENTS)
def test_everything_killed_during_the_first_start(
    folder: Path, moment: Callable[[Path], bool] | float
) -> None:
    """A half-done creation is not taken for a database, and its remains are cleared away."""
    starter = spawn(ENSURE, folder, 5)
    wait_for(moment, folder)
    for process in [psutil.Process(starter.pid), *keepers(folder)]:
        # Parents first, so that none of them can tidy up.
        with contextlib.suppress(psutil.NoSuchProcess):
            family = [process, *process.children(recursive=True)]
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
    starter.communicate(timeout=LIMIT)
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT 1") == "1"
    assert not list(folder.glob("new-*"))


def test_database_that_somebody_else_creates_meanwhile(made: Path) -> None:
    """A killed caller's psql may still be creating the database that the next caller wants."""
    embedded.ensure(made)
    other = subprocess.Popen(
        [*embedded.psql_command(made), "-Xq"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert other.stdin is not None
    # As a CREATE DATABASE that is not done yet; a real one cannot be held open.
    insert = (
        "BEGIN; INSERT INTO pg_database SELECT (jsonb_populate_record(d, to_jsonb(d) ||"
        """ '{"oid": 99999, "datname": "late", "datacl": null}')).*"""
        " FROM pg_database d WHERE datname = 'app';\n"
    )
    other.stdin.write(insert.encode())
    other.stdin.flush()
    until(lambda: query(made, f"{_HELD} AND query LIKE '%INSERT INTO pg_database%'"))
    caller = spawn(ENSURE.replace('"app"', '"late"'), made, 5)
    until(lambda: query(made, f"{_BLOCKED} AND query LIKE 'CREATE DATABASE late%'"))
    other.stdin.write(b"COMMIT;\n")
    other.stdin.close()
    _, errors = caller.communicate(timeout=LIMIT)
    assert (caller.returncode, errors) == (0, "")
    assert other.wait(LIMIT) == 0


def test_killed_keeper_is_replaced(made: Path) -> None:
    """The server outlives its keeper, and whoever comes next gives it another."""
    embedded.ensure(made, database="app")
    pid = server_pid(made)
    (keeper,) = keepers(made)
    keeper.kill()
    until(lambda: not is_alive(keeper))
    embedded.ensure(made, database="app")
    assert server_pid(made) == pid
    assert len(keepers(made)) == 1
    assert embedded.stop(made) is True
    until(lambda: not keepers(made))


def test_killed_server_is_started_again(made: Path) -> None:
    """After kill -9 the next caller gets a recovered server with all committed data."""
    embedded.ensure(made, database="app")
    query(made, "CREATE TABLE t AS SELECT 7 AS n")
    os.kill(server_pid(made), signal.SIGKILL)
    embedded.ensure(made, database="app")
    assert query(made, "SELECT n FROM t") == "7"


def test_server_killed_with_its_keeper_and_a_busy_session(made: Path) -> None:
    """A session that outlives its server does not keep the next one from starting."""
    embedded.ensure(made, database="app")
    busy = subprocess.Popen(
        [*embedded.psql_command(made, "app"), "-c", "SELECT pg_sleep(60)"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    sleeping = "SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
    until(lambda: query(made, sleeping))
    session = psutil.Process(int(query(made, sleeping)))
    (keeper,) = keepers(made)
    keeper.kill()
    # Stopped, it does not notice that its server is gone.
    session.suspend()
    os.kill(server_pid(made), signal.SIGKILL)
    embedded.ensure(made, database="app")
    assert query(made, "SELECT 1") == "1"
    assert not is_alive(session)
    busy.wait(LIMIT)


def test_reused_process_id(made: Path) -> None:
    """A stale postmaster.pid whose number now is another living process's is seen through."""
    embedded.ensure(made, database="app")
    pid_file = made / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded.stop(made)
    other = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert embedded.status(made).running is False
        assert embedded.stop(made) is False
        embedded.ensure(made, database="app")
        assert query(made, "SELECT 1") == "1"
        assert other.poll() is None
    finally:
        other.kill()
        other.wait(LIMIT)


def test_damaged_pid_file(made: Path) -> None:
    """A postmaster.pid that was not written whole is no obstacle."""
    for content in ("", "12", "no number\n\n\n\n"):
        (made / "cluster" / "postmaster.pid").write_text(content)
        embedded.ensure(made, database="app")
        assert query(made, "SELECT 1") == "1"
        embedded.stop(made)


def test_taken_port(made: Path) -> None:
    """Another program on its port moves the server to another one, which it then keeps."""
    before = embedded.ensure(made, database="app").port
    embedded.stop(made)
    with socket.create_server(("127.0.0.1", before)):
        moved = embedded.ensure(made, database="app").port
        assert moved != before
        assert query(made, "SELECT 1") == "1"
    embedded.stop(made)
    assert embedded.ensure(made).port == moved


def test_corrupted_data(made: Path) -> None:
    """The error names the folder and the way out, nothing is deleted, and that way works."""
    for name in ("PG_VERSION", "postgresql.conf", "global/pg_control"):
        victim = made / "cluster" / name
        aside = victim.rename(made / "aside")
        files = sorted((made / "cluster").rglob("*"))
        with pytest.raises(EmbeddedError, match="prisma-wasm db reset") as caught:
            embedded.ensure(made, database="app")
        assert str(made) in str(caught.value)
        assert victim.name in str(caught.value)
        assert sorted((made / "cluster").rglob("*")) == files
        aside.rename(victim)
    (made / "cluster" / "global" / "pg_control").unlink()
    embedded.reset(made)
    embedded.ensure(made, database="app")
    assert query(made, "SELECT 1") == "1"


def test_damaged_password_and_state(made: Path) -> None:
    """A lost state costs the port at most; a lost password is named."""
    embedded.ensure(made, database="app")
    (made / "state.json").write_text("{")
    embedded.stop(made)
    embedded.ensure(made, database="app")
    (made / "pgpass").unlink()
    with pytest.raises(EmbeddedError, match=r"password.*pgpass"):
        embedded.ensure(made, database="app")


def test_other_major_version(made: Path) -> None:
    """Data of another PostgreSQL is refused with both versions named, and left alone."""
    embedded.ensure(made, database="app")
    embedded.stop(made)
    version = made / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 17, but 18 is installed"):
        embedded.ensure(made, database="app")
    version.write_text("18\n")
    embedded.ensure(made, database="app")
    assert query(made, "SELECT 1") == "1"


def test_folder_is_a_file(folder: Path) -> None:
    """Something else in the folder's place is named."""
    folder.parent.mkdir()
    folder.write_text("")
    with pytest.raises(EmbeddedError, match=str(folder)):
        embedded.ensure(folder)
    folder.unlink()


@contextlib.contextmanager
def mounted(place: Path, *options: str) -> Generator[None]:
    """A small file system in memory; only root may, and not in every container."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    try:
        yield
    finally:
        # Lazily, since this process counts as a user of the server and has a file open there.
        subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=LIMIT)


@pytest.mark.parametrize("size", [pytest.param("64k", marks=pytest.mark.full), "8m", "45m"])
def test_no_disk_space(folder: Path, size: str) -> None:
    """A full disk is called that, and the next try with room works."""
    with mounted(folder.parent, f"size={size}", "mode=755"):
        with pytest.raises(EmbeddedError, match=r"(N|n)o space left") as caught:
            fill_up(folder)
        assert str(folder) in str(caught.value)
        embedded.stop(folder)
        remount = ["mount", "-o", "remount,size=400m", str(folder.parent)]
        subprocess.run(remount, check=True, timeout=LIMIT)
        embedded.ensure(folder, database="app")
        assert query(folder, "SELECT 1") == "1"
        embedded.stop(folder)


def fill_up(folder: Path) -> None:
    """Make databases of some megabytes each until one of the steps fails."""
    for number in range(20):
        embedded.ensure(folder, database=f"app{number}")


def test_read_only_folder(folder: Path) -> None:
    """A folder that cannot be written is named, with the setting that moves it."""
    if os.geteuid() == 0:
        with mounted(folder.parent, "ro"), pytest.raises(EmbeddedError, match="data_dir"):
            embedded.ensure(folder)
        return
    folder.parent.mkdir(mode=0o500)
    with pytest.raises(EmbeddedError, match="data_dir"):
        embedded.ensure(folder)


def test_stop_ends_a_server_in_use(made: Path) -> None:
    """A command to stop is obeyed though others still use the server; they may start it again."""
    with user_elsewhere(made) as user:
        assert embedded.stop(made) is True
        assert user.poll() is None
    embedded.ensure(made)
    assert query(made, "SELECT 1") == "1"
