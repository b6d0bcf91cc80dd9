"""Bodies that are too long, too slow or for nobody, sent to a running service by hand."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.fix_api import prepared_database
from tests.fix_service import Service, serving

SECONDS = 0.5  # that a body may take
LIMIT = 20.0


@pytest.fixture(scope="module")
def service(
    server: str, prepared_template: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("bodies")
    with (
        prepared_database(server, prepared_template) as urls,
        serving(folder, **urls, BODY_SECONDS=str(SECONDS)) as running,
    ):
        yield running


def exchange(service: Service, head: str, *, each: bytes = b"", pause: float = 0.05) -> bytes:
    """Send a request's head, then `each` again and again; what comes until the server ends it."""
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
    pytest.fail(f"the server does not end the connection; it said {answer}")


def test_a_body_that_is_too_long_ends_the_connection(service: Service):
    """The answer comes before the body has, and the server reads no more of it."""
    answer = exchange(service, "POST /v1/auth/log-in HTTP/1.1\r\nContent-Length: 9000000")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"body_too_long" in answer


@pytest.mark.parametrize("each", [b"", b"1\r\nx\r\n"], ids=["that stops", "by the byte"])
def test_a_slow_body_ends_the_connection(service: Service, each: bytes):
    """Whether nothing comes any more or always a little: it has to be whole in time."""
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
def test_nobody_waits_for_a_body_that_is_not_read(service: Service, path: str):
    """The answer comes at once, and ends the connection, whatever of the body is still to come."""
    answer = exchange(service, f"GET {path} HTTP/1.1\r\nContent-Length: 9000000")

    assert answer.startswith(b"HTTP/1.1 200 " if path == "/health" else b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in answer
