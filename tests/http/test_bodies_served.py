"""Bodies that are too long, too slow or unread, sent to a running service over a socket."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.fix_api import prepared_database
from tests.fix_service import Service, serving

SECONDS = 0.5  # BODY_SECONDS
LIMIT = 20.0


@pytest.fixture(scope="module")
def service(
    server: str, prepared_template: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("bodies")
    with (
        prepared_database(server, prepared_template) as urls,
        serving(folder, migrate=False, **urls, BODY_SECONDS=str(SECONDS)) as running,
    ):
        yield running


def exchange(service: Service, head: str, *, each: bytes = b"", pause: float = 0.05) -> bytes:
    """Send a request's head, then `each` repeatedly; return what the server sends."""
    host, port = service.http.base_url.host, service.http.base_url.port
    assert port
    until = time.monotonic() + LIMIT
    answer = b""
    with socket.create_connection((host, port), timeout=LIMIT) as connection:
        connection.sendall(f"{head}\r\nHost: x\r\n\r\n".encode())
        connection.settimeout(pause)
        while time.monotonic() < until:
            try:
                part = connection.recv(65536)
            except TimeoutError:
                connection.sendall(each)
                continue
            except ConnectionResetError:  # it had closed when the last of `each` was sent
                return answer
            if not part:
                return answer
            answer += part
    pytest.fail(f"the server does not close the connection; it sent {answer}")


def test_a_body_that_is_too_long_closes_the_connection(service: Service):
    """The response comes before the body is complete, and the server reads no more of it."""
    answer = exchange(service, "POST /v1/auth/log-in HTTP/1.1\r\nContent-Length: 9000000")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"body_too_long" in answer


@pytest.mark.parametrize("each", [b"", b"1\r\nx\r\n"], ids=["that stops", "byte by byte"])
def test_a_slow_body_closes_the_connection(service: Service, each: bytes):
    """Whether it stops or trickles: it has to be complete in time."""
    began = time.monotonic()
    answer = exchange(
        service, "POST /v1/auth/log-in HTTP/1.1\r\nTransfer-Encoding: chunked", each=each
    )

    assert time.monotonic() - began >= SECONDS
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"content-type: application/problem+json\r\n" in answer
    assert b"\r\nconnection: close\r\n" in answer
    assert b'"code":"body_too_slow"' in answer
    assert service.get("/health").status_code == 200


@pytest.mark.parametrize("path", ["/health", "/v1/workspaces"])
def test_an_unread_body_is_not_awaited(service: Service, path: str):
    """The response comes at once and closes the connection, however much is still to come."""
    answer = exchange(service, f"GET {path} HTTP/1.1\r\nContent-Length: 9000000")

    assert answer.startswith(b"HTTP/1.1 200 " if path == "/health" else b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in answer
