"""Attacks on the memory and time of a running service, measured from outside.

Nothing here depends on how fast the machine is: the tests look at how much of a bomb the service
takes, at its peak memory, and at the ratio of the slowest response for others to the usual ones.
"""

import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fix_api import prepared_database
from tests.fix_service import Service, serving

MEGABYTE = 1024 * 1024
BOMB = 32 * MEGABYTE
# The server's and the client's socket buffers take some of what is never read.
TAKEN = 12 * MEGABYTE
MEMORY = 16 * MEGABYTE
LIMIT = 60.0
SLOWER = 50  # with a bomb of 32 MB it was a thousand times

POST = b"POST /v1/auth/log-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def service(
    server: str, prepared_template: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("bombs")
    with (
        prepared_database(server, prepared_template) as urls,
        serving(folder, program="tenantry", migrate=False, **urls) as running,
    ):
        running.wait_until_ready(200)
        yield running


def connect(service: Service) -> socket.socket:
    host, port = service.http.base_url.host, service.http.base_url.port
    assert port
    return socket.create_connection((host, port), timeout=LIMIT)


def bombard(service: Service, start: bytes, part: bytes) -> int:
    """Send `start` and then `part` again and again; return how many bytes were taken."""
    block = part * (65536 // len(part) + 1)
    sent = 0
    with connect(service) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(start)
        while sent < BOMB:
            connection.sendall(block)
            sent += len(block)
    return sent


def peak_memory(service: Service) -> int:
    """Return the peak memory of the process so far, in bytes."""
    status = Path(f"/proc/{service.process.pid}/status")
    if not status.exists():
        pytest.skip("only Linux reports peak memory")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert found
    return int(found[1]) * 1024


def slowest_health(service: Service, *, until: threading.Event | None = None) -> float:
    """Return the slowest response time of /health: of twenty requests, or more until an event."""
    slowest = 0.0
    count = 0
    while count < 20 or not (until is None or until.is_set()):
        started = time.perf_counter()
        assert service.get("/health").status_code == 200
        slowest = max(slowest, time.perf_counter() - started)
        count += 1
    return slowest


BOMBS = {
    "a URL": (b"GET /", b"x"),
    "a header": (b"GET / HTTP/1.1\r\nx: ", b"x"),
    "headers": (b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"a: b\r\n"),
    "a trailer": (CHUNKED + b"0\r\na: ", b"b"),
    "a chunk's extension": (CHUNKED + b"1;a=", b"b"),
    "a body": (POST + b"Content-Length: 99999999\r\n\r\n", b"["),
    "a body in chunks": (CHUNKED, b"4\r\n[[[[\r\n"),
    "requests": (b"", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"),
}


@pytest.mark.parametrize(("start", "part"), BOMBS.values(), ids=BOMBS)
def test_a_bomb_does_not_affect_others(service: Service, start: bytes, part: bytes):
    """The connection is closed early, memory does not grow, and others get responses in time."""
    bombard(service, start, part)  # the first one causes allocations that are made only once
    usual, memory = slowest_health(service), peak_memory(service)
    over = threading.Event()
    taken: list[int] = []

    def attack() -> None:
        try:
            taken.extend(bombard(service, start, part) for _ in range(3))
        finally:
            over.set()

    thread = threading.Thread(target=attack)
    thread.start()
    slowest = slowest_health(service, until=over)
    thread.join()

    assert max(taken) < TAKEN
    assert peak_memory(service) - memory < MEMORY
    assert slowest < SLOWER * usual


@pytest.mark.parametrize("program", ["tenantry", "uvicorn"])
def test_limits_are_settings(
    server: str, prepared_template: tuple[str, str], tmp_path: Path, program: str
):
    """`tenantry serve` applies them, and so does uvicorn with the protocol as its option."""
    settings = {"MAX_HEAD_BYTES": "2000", "MAX_HEADERS": "20", "MAX_BODY_BYTES": "3000"}
    option = {"UVICORN_HTTP": "app.server.connections:Connection"} if program == "uvicorn" else {}
    with (
        prepared_database(server, prepared_template) as urls,
        serving(tmp_path, program=program, migrate=False, **urls, **settings, **option) as service,
    ):
        service.wait_until_ready(200)
        large = service.http.get("/health", headers={"X-Large": "x" * 2000})
        many = service.http.get("/health", headers=[("X-Many", "x")] * 20)
        fine = service.http.get("/health", headers=[("X-Many", "x")] * 10)
        body = service.http.post("/v1/auth/log-in", content=b"x" * 3001)

    assert (large.status_code, large.json()["code"]) == (431, "head_too_large")
    assert (many.status_code, many.json()["code"]) == (431, "too_many_headers")
    assert fine.status_code == 200
    assert (body.status_code, body.json()["code"]) == (413, "body_too_long")
