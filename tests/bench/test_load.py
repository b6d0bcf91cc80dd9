"""The load generators: what they send is what the file says, and failures are no figures."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench import load, setup
from bench.errors import BenchError

LINES = (
    "GET /one -",
    "GET /two?take=5 token-of-two",
    'POST /three - {"name":"a name with spaces"}',
)
ASKED = {
    ("GET", "/one", None, ""),
    ("GET", "/two?take=5", "Bearer token-of-two", ""),
    ("POST", "/three", None, '{"name":"a name with spaces"}'),
}


class Server(ThreadingHTTPServer):
    """Remembers what it was asked, and answers with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: set[tuple[str, str, str | None, str]] = set()
        self.answered = 0
        self.status = 200


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # no other uses it

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        token = self.headers.get("authorization")
        self.server.asked.add((self.command, self.path, token, body))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()
        self.server.answered += 1

    do_POST = do_GET  # the base class's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Nobody reads it."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    file = tmp_path / "requests.txt"
    file.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return file


def stand_in(tmp_path: Path, prints: str) -> Path:
    """A program in the place of wrk."""
    program = tmp_path / "wrk"
    program.write_text(f"#!/bin/sh\necho '{prints}'\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def result(**figures: float) -> str:
    whole = {"requests": 100, "seconds": 1, "p50_ms": 1, "p99_ms": 2, "errors": 0} | figures
    return f"RESULT {json.dumps(whole)}"


def test_a_load_of_errors_is_an_error(
    tmp_path: Path, requests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that refuses everything is fast; a few lost answers are tolerated."""

    def loaded(prints: str) -> load.Load:
        monkeypatch.setattr(setup, "wrk", lambda: stand_in(tmp_path, prints))
        return load.load(1, requests, seconds=1)

    assert loaded(result(errors=1)).per_second == 100
    with pytest.raises(BenchError, match="2 of the 100 answers to requests were errors"):
        loaded(result(errors=2))
    with pytest.raises(BenchError, match="0 of the 0 answers"):
        loaded(result(requests=0))
    with pytest.raises(BenchError, match="gave no result: it is broken"):
        loaded("it is broken")


@pytest.mark.full
@pytest.mark.parametrize("name", ["wrk", "autocannon"])
def test_every_request_of_the_file_is_sent(
    name: str, server: Server, requests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its method, token and body; what came of it is counted and timed."""
    if name == "autocannon":
        setup.node_servers()
        monkeypatch.setattr(setup, "wrk", lambda: None)
    else:
        setup.load_generator()
        if setup.wrk() is None:
            pytest.skip("this machine has no wrk, and no Debian to get it from")
    assert load.generator() == name
    port = server.server_address[1]
    done = load.load(port, requests, seconds=1, connections=4)
    assert server.asked == ASKED
    # Those on their way at the end were answered, and not counted.
    assert server.answered - 40 < done.requests <= server.answered
    assert 0 < done.p50_ms <= done.p99_ms < 1000
    assert 0.5 < done.seconds < 5
    server.status = 500
    with pytest.raises(BenchError, match="were errors"):
        load.load(port, requests, seconds=1, connections=4)
