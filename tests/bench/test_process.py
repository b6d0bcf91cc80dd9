"""A server's start and memory are measured as they are: to the first 200, with its children."""

import sys
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.process import serving

# It says 503 for a while after it listens; its child has 64 MiB by then.
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


def test_a_start_ends_with_the_first_200_and_memory_is_that_of_all_processes(
    tmp_path: Path,
) -> None:
    """A server that listens is not ready yet, and its children's memory is its own."""
    with serving(
        lambda _: [sys.executable, "-c", SERVER],
        log=tmp_path / "log", env={}, cwd=tmp_path, core=None,
    ) as running:  # fmt: skip
        assert running.seconds_to_start > 0.5
        assert running.memory() > 64
        assert running.cpu_seconds() > 0
        assert running.request("GET", "/ready")[0] == 200


def test_a_server_that_ends_is_an_error_that_names_its_log(tmp_path: Path) -> None:
    """And its log holds its last words."""
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
        pytest.fail("It never answered.")
    assert "no database" in log.read_text()
