"""The `tenantry` command, run as a process."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.settings import ROOT
from tests.fix_service import START_LIMIT, STOP_LIMIT, Serve, Service, environment, run_tenantry

NOWHERE = "postgresql://someone:secret@127.0.0.1:1/nowhere"


def test_db_url_prints_database_url():
    """With DATABASE_URL set, `db url` prints it."""
    assert run_tenantry("db", "url", DATABASE_URL=NOWHERE).stdout.strip() == NOWHERE


@pytest.mark.parametrize("action", ["start", "stop", "status", "psql", "reset"])
def test_database_url_protects_the_embedded_server(action: str):
    """With DATABASE_URL set, no command touches the embedded server."""
    done = run_tenantry("db", action, DATABASE_URL=NOWHERE)

    assert done.returncode == 1
    assert done.stderr.startswith("tenantry: DATABASE_URL is set")


def test_a_port_in_use_is_named():
    """The message names the port and says what to do, before anything starts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for command in ("check", "serve"):
            done = run_tenantry(command, PORT=port, DATABASE_URL=NOWHERE)
            assert done.returncode == 1
            assert f"PORT: 127.0.0.1:{port} is in use" in done.stderr


def test_two_concurrent_starts_leave_one_service():
    """The one that does not get the port reports it, at whatever point of its start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    starts = [
        subprocess.Popen(
            [Path(sys.executable).with_name("tenantry"), "serve"],
            cwd=ROOT,
            env=environment(PORT=port, DATABASE_URL=NOWHERE),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        until = time.monotonic() + START_LIMIT
        while not (ended := [each for each in starts if each.poll() is not None]):
            assert time.monotonic() < until
            time.sleep(0.05)
        (loser,) = ended
        assert loser.stderr is not None
        assert f"PORT: 127.0.0.1:{port} is in use" in loser.stderr.read()
        assert loser.returncode == 1
    finally:
        for each in starts:
            each.terminate()
            each.communicate(timeout=STOP_LIMIT)


def test_several_processes_serve(serve: Serve, database: str):
    """WORKERS processes share one port; when one is killed, another replaces it."""
    with serve(program="tenantry", WORKERS="2", DATABASE_URL=database) as service:
        first, second = _processes(service, 2)
        service.wait_until_ready(200)
        os.kill(first, signal.SIGKILL)
        _, _, third = _processes(service, 3)
        for _ in range(20):
            assert httpx.get(service.http.base_url.join("/health")).status_code == 200

    assert len({first, second, third}) == 3


def _processes(service: Service, count: int) -> list[int]:
    """Wait until `count` processes have started to serve; return their ids, read from the log."""
    until = time.monotonic() + START_LIMIT
    while True:
        found = re.findall(r"Started server process \[(\d+)\]", service.log.read_text())
        if len(found) >= count:
            return [int(each) for each in found]
        assert time.monotonic() < until, service.log.read_text()
        time.sleep(0.1)


@pytest.mark.parametrize("command", [("check",), ("serve",), ("db", "prepare"), ("db", "url")])
def test_a_missing_setting_is_reported_in_one_line(command: tuple[str, ...]):
    """Each command exits with one line if production lacks a setting."""
    done = run_tenantry(*command, APP_ENV="production", SECRET_KEY="")

    assert done.returncode == 1
    assert done.stderr.strip() == "tenantry: DATABASE_URL is not set, and production needs it."


def test_uvicorn_reports_a_wrong_setting_in_one_line():
    """Started by uvicorn, the service prints no traceback either."""
    done = subprocess.run(
        [Path(sys.executable).with_name("uvicorn"), "app.main:app"],
        cwd=ROOT,
        env=environment(DATABASE_URL="mysql://u:p@h/db"),
        capture_output=True,
        text=True,
        timeout=START_LIMIT,
        check=False,
    )

    assert done.returncode != 0
    assert "tenantry: DATABASE_URL: must be a PostgreSQL URL" in done.stderr
    assert "Traceback" not in done.stderr
