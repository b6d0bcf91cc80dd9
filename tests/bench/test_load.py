"""The load generators send the requests of the file, and too many errors raise BenchError."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench import load, setup
from bench.errors import BenchError

TOLERANCE = 2  # of rounding and of the load generators' statistics; wrong units differ by 1,000
LINES = (
    "GET /one -",
    "GET /two?take=5 token-of-two",
    'POST /three - {"name":"a name with spaces"}',
    'POST /four X-Signature:sha256=abc {"is":"signed"}',
)
EXPECTED = {
    ("GET", "/one", None, None, ""),
    ("GET", "/two?take=5", "Bearer token-of-two", None, ""),
    ("POST", "/three", None, None, '{"name":"a name with spaces"}'),
    ("POST", "/four", None, "sha256=abc", '{"is":"signed"}'),
}


class Server(ThreadingHTTPServer):
    """An HTTP server that records requests and responds with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: set[tuple[str, str, str | None, str | None, str]] = set()
        self.count = 0
        self.lock = threading.Lock()  # each connection has a thread
        self.status = 200


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # no other server uses it

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        token, signature = self.headers.get("authorization"), self.headers.get("x-signature")
        with self.server.lock:
            self.server.requests.add((self.command, self.path, token, signature, body))
            self.server.count += 1
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET  # the base class's name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Log nothing."""


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


def fake_wrk(tmp_path: Path, prints: str) -> Path:
    """Create a program that only prints this, to be run instead of wrk."""
    program = tmp_path / "wrk"
    program.write_text(f"#!/bin/sh\necho '{prints}'\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def result_line(**figures: float) -> str:
    fields = {"requests": 100, "seconds": 1, "p50_ms": 1, "p99_ms": 2, "errors": 0} | figures
    return f"RESULT {json.dumps(fields)}"


def test_too_many_errors_are_reported(
    tmp_path: Path, requests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that refuses everything is fast, so its figures mean nothing; 1% is tolerated."""

    def run_load(prints: str) -> load.LoadResult:
        monkeypatch.setattr(setup, "find_wrk", lambda: fake_wrk(tmp_path, prints))
        return load.load(1, requests, seconds=1)

    assert run_load(result_line(errors=1)).per_second == 100
    with pytest.raises(BenchError, match="2 of the 100 responses to requests were errors"):
        run_load(result_line(errors=2))
    with pytest.raises(BenchError, match="0 of the 0 responses"):
        run_load(result_line(requests=0))
    with pytest.raises(BenchError, match="printed no result: it is broken"):
        run_load("it is broken")


@pytest.fixture(params=["wrk", "autocannon"])
def generator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Create loads with each program in turn; return its name."""
    name: str = request.param
    if name == "autocannon":
        setup.build_node_servers()
        monkeypatch.setattr(setup, "find_wrk", lambda: None)
    else:
        setup.ensure_load_generator()
        if setup.find_wrk() is None:
            pytest.skip("wrk is not installed, and cannot be downloaded from Debian")
    return name


@pytest.mark.full
def test_every_request_of_the_file_is_sent(generator: str, server: Server, requests: Path) -> None:
    """Requests have their method, headers and body; responses are counted and timed."""
    assert load.generator_name() == generator
    port = server.server_address[1]
    result = load.load(port, requests, seconds=1, connections=4)
    assert server.requests == EXPECTED
    # Those on their way at the end were answered, and not counted.
    assert server.count / 2 < result.requests <= server.count
    assert 0 < result.p50_ms <= result.p99_ms
    # Half of the requests took at least p50_ms, and each connection waits for one at a time.
    assert result.p50_ms * result.requests / 2 < 4 * result.seconds * 1000 * TOLERANCE
    assert result.seconds > 0.5
    server.status = 500
    with pytest.raises(BenchError, match="were errors"):
        load.load(port, requests, seconds=1, connections=4)


@pytest.mark.full
@pytest.mark.usefixtures("generator")
def test_no_request_is_repeated_before_all_are_sent(server: Server, tmp_path: Path) -> None:
    """Each message to the webhook is a new one, in random order."""
    file = tmp_path / "many.txt"
    file.write_text("".join(f"GET /{number} -\n" for number in range(40_000)), encoding="utf-8")
    load.load(server.server_address[1], file, seconds=1, connections=4)
    assert 0 < server.count == len(server.requests) < 40_000
