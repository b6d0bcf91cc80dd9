"""`tenantry serve` stops in order when an orchestrator tells it to."""

import contextlib
import signal
import socket
import time
from collections.abc import Generator

import pytest

from tests.fix_service import Serve, Service

LIMIT = 60.0
# uvicorn raises the signal again at the end; process 1 of a container ignores it and returns 0.
ENDED = -signal.SIGTERM
BODY = b'{"email":"ann@example.com","password":"wrong"}'


@contextlib.contextmanager
def request_in_progress(service: Service) -> Generator[socket.socket]:
    """Open a connection whose request the application handles: it waits for the body."""
    with socket.create_connection(address_of(service), timeout=LIMIT) as client:
        client.sendall(
            b"POST /v1/auth/log-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(BODY)
        )
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        yield client


def address_of(service: Service) -> tuple[str, int]:
    url = service.http.base_url
    assert url.port
    return url.host, url.port


def wait_until_nothing_listens(service: Service) -> None:
    until = time.monotonic() + LIMIT
    with contextlib.suppress(ConnectionRefusedError):
        while True:
            socket.create_connection(address_of(service)).close()
            assert time.monotonic() < until, service.log.read_text()
            time.sleep(0.05)


def test_a_request_in_progress_gets_its_response(serve: Serve, database: str):
    """After SIGTERM new connections are refused, the response is sent, the process ends."""
    with serve(program="tenantry", DATABASE_URL=database) as service:
        service.wait_until_ready(200)
        with request_in_progress(service) as client:
            service.process.send_signal(signal.SIGTERM)
            wait_until_nothing_listens(service)
            assert service.process.poll() is None
            client.sendall(BODY)
            answer = b""
            while part := client.recv(65536):
                answer += part

        assert answer.startswith(b"HTTP/1.1 401 ")
        assert b'"code":"wrong_credentials"' in answer
        assert service.process.wait(LIMIT) == ENDED
    assert "Traceback" not in service.log.read_text()


@pytest.mark.parametrize("seconds", [1, 3])
def test_a_request_in_progress_cannot_delay_the_end(serve: Serve, database: str, seconds: int):
    """A client that never finishes its body is cut off after SHUTDOWN_SECONDS."""
    settings = {"SHUTDOWN_SECONDS": str(seconds), "BODY_SECONDS": "300", "DATABASE_URL": database}
    with serve(program="tenantry", **settings) as service:
        service.wait_until_ready(200)
        with request_in_progress(service):
            started = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(LIMIT) == ENDED
            assert time.monotonic() - started >= seconds - 0.1
