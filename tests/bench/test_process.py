"""Measurements of a server: its start lasts until the first 200, its memory includes children."""

import sys
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.process import serving

# It responds with 503 for 0.5 s after it starts to listen; its child then uses 64 MiB.
SERVER = """
import os, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

child = subprocess.Popen(
    [sys.executable, "-c", "x = bytearray(b'x') * (64 << 20); print(flush=True); input()"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
)
child.stdout.readline()
listening = time.monotonic()

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        is_ready = time.monotonic() > listening + 0.5
        self.send_response(200 if is_ready else 503)
        self.end_headers()

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def test_start_time_and_memory_of_all_processes(
    tmp_path: Path,
) -> None:
    """A listening server is not ready before its first 200; its children's memory counts."""
    with serving(
        lambda _: [sys.executable, "-c", SERVER],
        log=tmp_path / "log", env={}, cwd=tmp_path, core=None,
    ) as running:  # fmt: skip
        assert running.seconds_to_start > 0.5
        assert running.memory() > 64
        assert running.cpu_seconds() > 0
        assert running.request("GET", "/ready")[0] == 200


def test_a_server_that_exits_is_reported_with_its_log(tmp_path: Path) -> None:
    """The error names the log, which contains the server's output."""
    log = tmp_path / "log"
    with (
        pytest.raises(BenchError, match=str(log)),
        serving(
            lambda _: [sys.executable, "-c", "raise SystemExit('no database')"],
            log=log,
            env={},
            cwd=tmp_path,
            core=None,
        ),  # fmt: skip
    ):
        pytest.fail("a server that exits was considered ready")
    assert "no database" in log.read_text()
