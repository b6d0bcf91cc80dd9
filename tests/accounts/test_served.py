"""The first session of the README, against a running service."""

import re
import socket
import time
from pathlib import Path

from tests.fix_service import Serve


def test_a_first_session(serve: Serve, database: str, tmp_path: Path):
    """Sign up, take the token out of the mail's file, confirm, log in, see oneself."""
    credentials = {"email": "ann@example.com", "password": "a horse on the moon"}
    folder = tmp_path / "mail"
    with serve(DATABASE_URL=database, MAIL_FOLDER=str(folder)) as service:
        service.until_ready(200)
        assert service.http.post("/v1/auth/sign-up", json=credentials).status_code == 202
        until = time.monotonic() + 20
        while not (found := list(folder.glob("*.eml"))):
            assert time.monotonic() < until, service.log.read_text()
            time.sleep(0.05)
        token = re.search(r"#token=(\S+)", found[0].read_text())
        assert token
        confirmed = service.http.post(
            "/v1/auth/confirm-email",
            json={"token": token[1], "password": credentials["password"]},
        )
        tokens = service.http.post("/v1/auth/log-in", json=credentials).json()
        headers = {"Authorization": f"Bearer {tokens['accessToken']}"}
        me = service.http.get("/v1/me", headers=headers)

        assert confirmed.status_code == 204
        assert me.json()["email"] == "ann@example.com"
        log = service.log.read_text()
        assert str(found[0]) in log
        assert token[1] not in log


def test_a_body_that_is_too_long_ends_the_connection(serve: Serve, database: str):
    """The answer comes before the body has, and the server reads no more of it."""
    with serve(DATABASE_URL=database) as service:
        host, port = service.http.base_url.host, service.http.base_url.port
        assert port
        with socket.create_connection((host, port), timeout=20) as connection:
            connection.sendall(
                b"POST /v1/auth/log-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n{"
            )
            answer = b""
            while part := connection.recv(65536):
                answer += part

        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"body_too_long" in answer
