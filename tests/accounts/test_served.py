"""The first session of the README, against a running service."""

import re
import time
from pathlib import Path

from tests.fix_service import Serve


def test_a_first_session(serve: Serve, database: str, tmp_path: Path):
    """Sign up, read the token from the mail's file, confirm, log in, read the account."""
    credentials = {"email": "ann@example.com", "password": "a horse on the moon"}
    folder = tmp_path / "mail"
    with serve(DATABASE_URL=database, MAIL_FOLDER=str(folder)) as service:
        service.wait_until_ready(200)
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
