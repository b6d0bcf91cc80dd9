"""Run the service in its own process, and reach it over HTTP."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from app.settings import ROOT, Settings

# Only a hang takes as long, even on a loaded machine.
START_LIMIT = 120.0
COMMAND_LIMIT = 60.0  # for commands that do not serve
STOP_LIMIT = 60.0
REQUEST_LIMIT = 60.0
SETTINGS = tuple(name.upper() for name in Settings.model_fields)
SECRET_KEY = "for tests only, not for anything else"
SESSION_SECRET = "for the cookies of tests and for nothing else"
ENCRYPTION_KEY = "VGhlIGVuY3J5cHRpb24ga2V5IG9mIGFsbCB0ZXN0cy4="  # of 32 bytes


@dataclass
class Service:
    """A running service."""

    http: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def wait_until_ready(self, status: int, *, limit: float = START_LIMIT) -> httpx.Response:
        """Request /ready until it answers with `status`."""
        until = time.monotonic() + limit
        while (response := self.get("/ready")).status_code != status:
            if time.monotonic() > until:
                pytest.fail(f"/ready still answers {response.status_code}: {self.log.read_text()}")
            time.sleep(0.1)
        return response


Serve = Callable[..., contextlib.AbstractContextManager[Service]]


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with these settings and no others, not even from .env."""
    clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    unset = dict.fromkeys(SETTINGS, "")
    return {
        **clean,
        **unset,
        "SECRET_KEY": SECRET_KEY,
        "SESSION_SECRET": SESSION_SECRET,
        "ENCRYPTION_KEY": ENCRYPTION_KEY,
        "DATABASE_LOG": "none",
        **settings,
    }


def run_tenantry(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a `tenantry` command with these settings and no others; return how it ended."""
    return subprocess.run(
        [Path(sys.executable).with_name("tenantry"), *arguments],
        cwd=ROOT,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT,
        check=False,
    )


@contextlib.contextmanager
def serving(
    folder: Path, *, program: str = "uvicorn", migrate: bool = False, **settings: str
) -> Generator[Service]:
    """Run `uvicorn app.main:app` with the given settings; its log is in `folder`.

    With the program `tenantry`, run `tenantry serve`, which can `migrate` first.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    arguments = ["serve"] if program == "tenantry" else ["app.main:app", "--port", port]
    if migrate:
        arguments.append("--migrate")
    log = folder / f"service-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name(program), *arguments],
            cwd=ROOT,
            env=environment(PORT=port, **settings),
            stdout=output,
            stderr=output,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=REQUEST_LIMIT) as http:
            _wait_until_it_answers(http, process, log)
            yield Service(http, process, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail(f"the service did not stop: {log.read_text()}")


@pytest.fixture
def serve(tmp_path: Path, role: str) -> Serve:
    """Return a function that starts the service with a database role of the test's own."""

    def start(
        *, migrate: bool = False, **settings: str
    ) -> contextlib.AbstractContextManager[Service]:
        return serving(tmp_path, migrate=migrate, **{"APP_DATABASE_ROLE": role, **settings})

    return start


def _wait_until_it_answers(http: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_LIMIT
    while True:
        with contextlib.suppress(httpx.TransportError):
            http.get("/health")
            return
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"the service did not start: {log.read_text()}")
        time.sleep(0.05)
