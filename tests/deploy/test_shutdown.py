"""`tenantry serve` stops in order when an orchestrator tells it to."""

import signal
import socket
import time

import pytest

from tests.fix_service import Serve

NOWHERE = "postgresql://nobody@127.0.0.1:1/nowhere"


@pytest.mark.parametrize("seconds", [1, 3])
def test_a_request_under_way_cannot_delay_the_end(serve: Serve, seconds: int):
    """A client that never finishes its body is cut off after SHUTDOWN_SECONDS."""
    settings = {"SHUTDOWN_SECONDS": str(seconds), "BODY_SECONDS": "300", "DATABASE_URL": NOWHERE}
    with serve(program="tenantry", **settings) as service:
        address = service.http.base_url.host, service.http.base_url.port
        with socket.create_connection(address) as client:
            client.sendall(
                b"POST /v1/auth/log-in HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                b"content-length: 100\r\n\r\n{"
            )
            time.sleep(0.3)  # the server has begun to read the body
            started = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(60)
            assert time.monotonic() - started >= seconds - 0.1
