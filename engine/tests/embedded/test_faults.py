"""What can go wrong: many at once, processes killed at any moment, damaged data, no room."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest
from acting import (
    ENSURE,
    ENSURE_AND_STAY,
    LIMIT,
    ensure_elsewhere,
    keepers,
    postmasters,
    query,
    server_pid,
    spawn,
    until,
)

from prisma_wasm import embedded
from prisma_wasm.embedded import EmbeddedError


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


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.4, 0.8, 1.2])
def test_killed_starter(folder: Path, seconds: float) -> None:
    """A starter that is killed, whatever it was doing, leaves nothing that hinders the next."""
    starter = spawn(ENSURE, folder, 5)
    time.sleep(seconds)
    starter.kill()
    starter.communicate(timeout=LIMIT)
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT 1") == "1"
    assert len(postmasters(folder)) == 1


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 0.6, 1.0])
def test_everything_killed_during_the_first_start(folder: Path, seconds: float) -> None:
    """A half-done creation is not taken for a database, and its remains are cleared away."""
    starter = spawn(ENSURE, folder, 5)
    until(lambda: keepers(folder))
    time.sleep(seconds)
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


def test_killed_keeper_is_replaced(folder: Path) -> None:
    """The server outlives its keeper, and whoever comes next gives it another."""
    embedded.ensure(folder, database="app")
    pid = server_pid(folder)
    (keeper,) = keepers(folder)
    keeper.kill()
    keeper.wait(10)
    embedded.ensure(folder, database="app")
    assert server_pid(folder) == pid
    assert len(keepers(folder)) == 1
    assert embedded.stop(folder) is True
    until(lambda: not keepers(folder))


def test_killed_server_is_started_again(folder: Path) -> None:
    """After kill -9 the next caller gets a recovered server with all committed data."""
    embedded.ensure(folder, database="app")
    query(folder, "CREATE TABLE t AS SELECT 7 AS n")
    os.kill(server_pid(folder), signal.SIGKILL)
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT n FROM t") == "7"


def test_server_killed_with_its_keeper_and_a_busy_session(folder: Path) -> None:
    """A session that outlives its server does not keep the next one from starting."""
    embedded.ensure(folder, database="app")
    busy = subprocess.Popen(
        [*embedded.psql_command(folder, "app"), "-c", "SELECT pg_sleep(60)"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    sleeping = "SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
    until(lambda: query(folder, sleeping))
    session = psutil.Process(int(query(folder, sleeping)))
    (keeper,) = keepers(folder)
    keeper.kill()
    # Stopped, it does not notice that its server is gone.
    session.suspend()
    os.kill(server_pid(folder), signal.SIGKILL)
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT 1") == "1"
    assert not session.is_running() or session.status() == psutil.STATUS_ZOMBIE
    busy.wait(LIMIT)


def test_reused_process_id(folder: Path) -> None:
    """A stale postmaster.pid whose number now is another living process's is seen through."""
    embedded.ensure(folder, database="app")
    pid_file = folder / "cluster" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded.stop(folder)
    other = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert embedded.status(folder).running is False
        assert embedded.stop(folder) is False
        embedded.ensure(folder, database="app")
        assert query(folder, "SELECT 1") == "1"
        assert other.poll() is None
    finally:
        other.kill()
        other.wait(LIMIT)


@pytest.mark.parametrize("content", ["", "12", "no number\n\n\n\n"])
def test_damaged_pid_file(folder: Path, content: str) -> None:
    """A postmaster.pid that was not written whole is no obstacle."""
    embedded.ensure(folder, database="app")
    embedded.stop(folder)
    (folder / "cluster" / "postmaster.pid").write_text(content)
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT 1") == "1"


def test_taken_port(folder: Path) -> None:
    """Another program on its port moves the server to another one, which it then keeps."""
    before = embedded.ensure(folder, database="app").port
    embedded.stop(folder)
    with socket.create_server(("127.0.0.1", before)):
        moved = embedded.ensure(folder, database="app").port
        assert moved != before
        assert query(folder, "SELECT 1") == "1"
    embedded.stop(folder)
    assert embedded.ensure(folder).port == moved


@pytest.mark.parametrize("victim", ["global/pg_control", "PG_VERSION", "postgresql.conf"])
def test_corrupted_data(folder: Path, victim: str) -> None:
    """The error names the folder and the way out, nothing is deleted, and that way works."""
    embedded.ensure(folder, database="app")
    embedded.stop(folder)
    (folder / "cluster" / victim).unlink()
    files = sorted((folder / "cluster").rglob("*"))
    with pytest.raises(EmbeddedError, match="prisma-wasm db reset") as caught:
        embedded.ensure(folder, database="app")
    assert str(folder) in str(caught.value)
    assert victim.rpartition("/")[2] in str(caught.value)
    assert sorted((folder / "cluster").rglob("*")) == files
    embedded.reset(folder)
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT 1") == "1"


def test_damaged_password_and_state(folder: Path) -> None:
    """A lost state costs the port at most; a lost password is named."""
    embedded.ensure(folder, database="app")
    (folder / "state.json").write_text("{")
    embedded.stop(folder)
    embedded.ensure(folder, database="app")
    (folder / "pgpass").unlink()
    with pytest.raises(EmbeddedError, match=r"password.*pgpass"):
        embedded.ensure(folder, database="app")


def test_other_major_version(folder: Path) -> None:
    """Data of another PostgreSQL is refused with both versions named, and left alone."""
    embedded.ensure(folder, database="app")
    embedded.stop(folder)
    version = folder / "cluster" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 17, but 18 is installed"):
        embedded.ensure(folder, database="app")
    version.write_text("18\n")
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT 1") == "1"


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


@pytest.mark.parametrize("size", ["64k", "8m", "45m"])
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


def test_stop_ends_a_server_in_use(folder: Path) -> None:
    """A command to stop is obeyed though others still use the server; they may start it again."""
    user = spawn(ENSURE_AND_STAY, folder, 5)
    assert user.stdout is not None
    user.stdout.readline()
    assert embedded.stop(folder) is True
    assert user.poll() is None
    user.communicate(timeout=LIMIT)
    ensure_elsewhere(folder)
    assert query(folder, "SELECT 1") == "1"
