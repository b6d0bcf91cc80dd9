"""A temporary server lives as long as its owner, however that one ends."""

import os
import signal
import stat
from pathlib import Path

import psutil
import pytest
from acting import LIMIT, is_alive, keepers, postmasters, query, server_pid, spawn, until

from prisma_wasm import embedded

_OWN = """
import sys
from prisma_wasm import embedded
with embedded.temporary() as server:
    print(server.folder, flush=True)
    sys.stdin.read()
"""


def test_two_at_once() -> None:
    """Two test runs do not meet: ordinary servers without fsync, gone with all their files."""
    with embedded.temporary() as first, embedded.temporary() as second:
        assert first.port != second.port
        assert first.folder != second.folder
        assert query(first.folder, "SHOW fsync", "postgres") == "off"
        processes = [psutil.Process(server_pid(server.folder)) for server in (first, second)]
    assert not first.folder.exists()
    assert not second.folder.exists()
    assert not any(is_alive(process) for process in processes)


@pytest.mark.parametrize(
    "kill",
    [
        signal.SIGKILL,
        pytest.param(signal.SIGTERM, marks=pytest.mark.full),
        pytest.param(signal.SIGHUP, marks=pytest.mark.full),
    ],
)
def test_gone_with_a_killed_owner(kill: signal.Signals) -> None:
    """A test run that is killed leaves neither a process nor a file."""
    owner = spawn(_OWN)
    assert owner.stdout is not None
    folder = Path(owner.stdout.readline().strip())
    assert query(folder, "SELECT 1", "postgres") == "1"
    owner.send_signal(kill)
    owner.communicate(timeout=LIMIT)
    until(lambda: not postmasters(folder))
    until(lambda: not folder.exists())
    until(lambda: not keepers(folder))


def test_gone_though_the_keeper_was_killed() -> None:
    """Then its owner tidies up."""
    with embedded.temporary() as server:
        (keeper,) = keepers(server.folder)
        keeper.kill()
    assert not server.folder.exists()
    assert not postmasters(server.folder)


def test_unfit_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TMPDIR that PostgreSQL's user cannot enter is not used."""
    tmp_path.chmod(0o700)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with embedded.temporary() as server:
        assert query(server.folder, "SELECT 1", "postgres") == "1"
        assert server.folder.is_relative_to(tmp_path) == (os.geteuid() != 0)
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == []
