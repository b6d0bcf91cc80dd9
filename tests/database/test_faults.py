"""PostgreSQL frozen or killed beneath a service that writes: nothing acknowledged is lost."""

import contextlib
import os
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from app.auth.tokens import Tokens
from app.settings import load
from prisma_wasm import embedded
from tests.fix_database import run_prisma, run_sql
from tests.fix_service import SECRET_KEY, Serve, Service

WRITERS = 4
FREEZE_SECONDS = 20.0
RECOVERY_LIMIT = 60.0
# How PostgreSQL names its processes. Killing any of these makes the postmaster restart the others.
KINDS = (
    "backend",
    "checkpointer",
    "background writer",
    "walwriter",
    "autovacuum launcher",
    "logical replication launcher",
)


@dataclass
class Writers:
    """Clients that create workspaces one after the other, until they are stopped."""

    service: Service
    tokens: list[str]
    acknowledged: list[str] = field(default_factory=list[str])
    statuses: Counter[int] = field(default_factory=Counter[int])
    failures: list[str] = field(default_factory=list[str])
    successes: list[int] = field(default_factory=lambda: [0] * WRITERS)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def writing(self) -> Generator[None]:
        """Write during the block."""
        threads = [
            threading.Thread(target=self._write, args=(number,)) for number in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def wait_for_more(self) -> None:
        """Wait until every writer has had another success."""
        before = list(self.successes)
        until = time.monotonic() + RECOVERY_LIMIT
        while any(now <= then for now, then in zip(self.successes, before, strict=True)):
            assert time.monotonic() < until, f"{self.statuses}\n{self.service.log.read_text()}"
            time.sleep(0.05)

    def _write(self, number: int) -> None:
        headers = {"Authorization": f"Bearer {self.tokens[number]}"}
        with httpx.Client(base_url=self.service.http.base_url, timeout=120) as client:
            while not self._stop.is_set():
                try:
                    answer = client.post("/v1/workspaces", json={"name": "W"}, headers=headers)
                except httpx.TransportError as error:
                    self.failures.append(repr(error))
                    continue
                self.statuses[answer.status_code] += 1
                if answer.status_code == 201:
                    self.acknowledged.append(answer.json()["id"])
                    self.successes[number] += 1
                else:
                    if answer.status_code != 503 or "retry-after" not in answer.headers:
                        self.failures.append(answer.text)
                    time.sleep(0.05)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of a migrated server with durable settings, which the test may stop or kill."""
    place = tmp_path / "postgres"
    url = embedded.ensure(place).url()
    try:
        run_prisma(url, "migrate", "deploy")
        yield place
    finally:
        embedded.reset(place)


@pytest.fixture
def writers(folder: Path, serve: Serve, tmp_path: Path) -> Iterator[Writers]:
    """A service on that server, and signed-in users who write."""
    url = embedded.ensure(folder).url()
    settings = load({"SECRET_KEY": SECRET_KEY}, env_file=tmp_path / "no.env", data=tmp_path)
    tokens: list[str] = []
    for number in range(WRITERS):
        user, session = str(uuid.uuid4()), str(uuid.uuid4())
        run_sql(
            url,
            'INSERT INTO "User" (id, email, "emailConfirmedAt")'
            f" VALUES ('{user}', 'writer{number}@example.com', now())",
            'INSERT INTO "Session" (id, "userId", "expiresAt")'
            f" VALUES ('{session}', '{user}', now() + interval '1 day')",
        )
        tokens.append(Tokens(settings).access(user=user, session=session))
    with serve(DATABASE_URL=url, WORKSPACES_PER_OWNER="1000000") as service:
        service.wait_until_ready(200)
        yield Writers(service, tokens)


def server_process(folder: Path) -> psutil.Process:
    pid = embedded.status(folder).pid
    assert pid is not None
    return psutil.Process(pid)


def processes(folder: Path, kind: str) -> list[psutil.Process]:
    """Return the server's processes of a kind; a backend is one that serves a client."""
    found: list[psutil.Process] = []
    for child in server_process(folder).children():
        with contextlib.suppress(psutil.Error):
            title = " ".join(child.cmdline())
            if ("127.0.0.1(" in title) if kind == "backend" else (f"postgres: {kind}" in title):
                found.append(child)
    return found


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + RECOVERY_LIMIT
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def check_nothing_is_lost(writers: Writers, folder: Path) -> None:
    """Every answer was 201 or 503, and every workspace of a 201 is in the database."""
    assert writers.failures == []
    assert set(writers.statuses) <= {201, 503}, writers.statuses
    stored = set(run_sql(embedded.ensure(folder).url(), 'SELECT id FROM "Workspace"'))
    assert set(writers.acknowledged) - stored == set()
    assert "Traceback" not in writers.service.log.read_text()


def test_a_killed_process_loses_no_acknowledged_write(writers: Writers, folder: Path):
    """Each kind of process is killed, then the postmaster; the service answers 503 and recovers."""
    with writers.writing():
        for kind in KINDS:
            writers.wait_for_more()
            victims = processes(folder, kind)
            assert victims, f"no process of the kind {kind}"
            survivors = processes(folder, "checkpointer")
            os.kill(victims[0].pid, signal.SIGKILL)
            # The server ends all others, recovers from its log, and starts them anew.
            wait_for(lambda gone=survivors: not any(one.is_running() for one in gone))
            writers.wait_for_more()

        seen = writers.statuses[503]
        os.kill(server_process(folder).pid, signal.SIGKILL)
        wait_for(lambda: writers.statuses[503] > seen)
        assert writers.service.get("/health").status_code == 200
        assert writers.service.get("/ready").status_code == 503
        embedded.ensure(folder)
        writers.wait_for_more()

    check_nothing_is_lost(writers, folder)
    writers.service.wait_until_ready(200)


def test_a_frozen_server_is_a_503_and_thaws_without_a_restart(writers: Writers, folder: Path):
    """SIGSTOP for 20 seconds: requests are answered meanwhile, and afterwards as before."""
    with writers.writing():
        writers.wait_for_more()
        server = server_process(folder)
        frozen = [server, *server.children(recursive=True)]
        for process in frozen:
            os.kill(process.pid, signal.SIGSTOP)
        try:
            thaw = time.monotonic() + FREEZE_SECONDS
            readiness = writers.service.wait_until_ready(503)
            while time.monotonic() < thaw:
                assert writers.service.get("/health").status_code == 200
                time.sleep(0.5)
            assert writers.statuses[503] > 0
        finally:
            for process in frozen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGCONT)
        writers.wait_for_more()

    assert readiness.json()["code"] == "database_unavailable"
    check_nothing_is_lost(writers, folder)
    writers.service.wait_until_ready(200)
