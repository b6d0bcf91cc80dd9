"""A server stops when nothing uses it, and not before."""

import subprocess
import time
from pathlib import Path

from acting import (
    ENSURE_AND_STAY,
    LIMIT,
    ensure_elsewhere,
    keepers,
    postmasters,
    query,
    spawn,
    until,
)

from prisma_wasm import embedded

_SECOND = 1 / 60


def test_unused_server_stops(folder: Path) -> None:
    """After the idle time server and keeper are gone; the data is there at the next start."""
    ensure_elsewhere(folder, idle_minutes=_SECOND)
    query(folder, "CREATE TABLE t AS SELECT 7 AS n")
    until(lambda: not postmasters(folder))
    until(lambda: not keepers(folder))
    ensure_elsewhere(folder)
    assert query(folder, "SELECT n FROM t") == "7"


def test_connection_keeps_it(folder: Path) -> None:
    """A client that only knows the URL, such as psql, is a user too."""
    ensure_elsewhere(folder, idle_minutes=_SECOND)
    client = subprocess.Popen(
        [*embedded.psql_command(folder, "app"), "-qc", "SELECT pg_sleep(4)"],
        stdout=subprocess.DEVNULL,
    )
    assert client.wait(LIMIT) == 0
    until(lambda: not postmasters(folder))


def test_process_keeps_it_without_a_connection(folder: Path) -> None:
    """An application whose pool has closed its idle connections finds the server there."""
    user = spawn(ENSURE_AND_STAY, folder, _SECOND)
    assert user.stdout is not None
    user.stdout.readline()
    time.sleep(4)
    assert query(folder, "SELECT 1") == "1"
    user.kill()
    user.communicate(timeout=LIMIT)
    until(lambda: not postmasters(folder))


def test_replaced_keeper_stops_it_too(folder: Path) -> None:
    """A keeper that found the server running takes care of its end."""
    ensure_elsewhere(folder, idle_minutes=_SECOND)
    (keeper,) = keepers(folder)
    keeper.kill()
    keeper.wait(10)
    ensure_elsewhere(folder, idle_minutes=_SECOND)
    until(lambda: not postmasters(folder))


def test_start_at_the_moment_of_the_stop(folder: Path) -> None:
    """Whoever asks while the keeper decides gets a server that answers."""
    for pause in (0.0, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5):
        ensure_elsewhere(folder, idle_minutes=_SECOND)
        time.sleep(pause)
        ensure_elsewhere(folder, idle_minutes=_SECOND)
        assert query(folder, "SELECT 1") == "1"
