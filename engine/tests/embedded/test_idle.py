"""A server stops when nothing uses it, and not before."""

import subprocess
import time
from pathlib import Path

import pytest
from acting import (
    LIMIT,
    ensure_elsewhere,
    is_alive,
    keepers,
    postmasters,
    query,
    server_pid,
    until,
    user_elsewhere,
)

from prisma_wasm import embedded

_SECOND = 1 / 60
_CLIENT = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'client'"


def test_unused_server_stops(made: Path) -> None:
    """After the idle time server and keeper are gone; the data is there at the next start."""
    with user_elsewhere(made, idle_minutes=_SECOND):
        query(made, "CREATE TABLE t AS SELECT 7 AS n")
    until(lambda: not postmasters(made))
    until(lambda: not keepers(made))
    embedded.ensure(made)
    assert query(made, "SELECT n FROM t") == "7"


def test_connection_keeps_it(made: Path) -> None:
    """A client that only knows the URL, such as psql, is a user too."""
    with user_elsewhere(made, idle_minutes=_SECOND):
        client = subprocess.Popen(
            [*embedded.psql_command(made, "app"), "-qc", "SELECT pg_sleep(3)"],
            stdout=subprocess.DEVNULL,
            env={"PGAPPNAME": "client"},
        )
        until(lambda: query(made, _CLIENT) == "1")
    assert client.wait(LIMIT) == 0
    until(lambda: not postmasters(made))


def test_process_keeps_it_without_a_connection(made: Path) -> None:
    """An application whose pool has closed its idle connections finds the server there."""
    with user_elsewhere(made, idle_minutes=_SECOND):
        pid = server_pid(made)
        time.sleep(3)
        assert server_pid(made) == pid
    until(lambda: not postmasters(made))


def test_replaced_keeper_stops_it_too(made: Path) -> None:
    """A keeper that found the server running takes care of its end."""
    with user_elsewhere(made, idle_minutes=_SECOND):
        pid = server_pid(made)
        (keeper,) = keepers(made)
        keeper.kill()
        until(lambda: not is_alive(keeper))
        ensure_elsewhere(made, idle_minutes=_SECOND)
        assert server_pid(made) == pid
    until(lambda: not postmasters(made))


@pytest.mark.parametrize(
    "pauses",
    [
        (0.9, 1.1, 1.3),
        pytest.param((0.0, 0.8, 0.95, 1.0, 1.05, 1.15, 1.2, 1.25, 1.4), marks=pytest.mark.full),
    ],
)
def test_start_at_the_moment_of_the_stop(made: Path, pauses: tuple[float, ...]) -> None:
    """Whoever asks while the keeper decides gets a server that answers."""
    for pause in pauses:
        ensure_elsewhere(made, idle_minutes=_SECOND)
        time.sleep(pause)
        with user_elsewhere(made, idle_minutes=_SECOND):
            assert query(made, "SELECT 1") == "1"
