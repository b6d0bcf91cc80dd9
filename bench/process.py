"""A server's process: started alone on its core, asked, measured, and ended with its children."""

import contextlib
import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import psutil

from bench.errors import BenchError

# Those that we may use. Only Linux can say so; elsewhere nothing can be pinned to one.
CAN_PIN = hasattr(os, "sched_getaffinity")
CORES = sorted(os.sched_getaffinity(0)) if CAN_PIN else list(range(os.cpu_count() or 1))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
START_LIMIT = 60.0
END_LIMIT = 10.0
POLL = 0.005
_PR_SET_PDEATHSIG = 1


class Running:
    """A server that answers on a port of its own."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, seconds: float = 0.0) -> None:
        self.process = process
        self.port = port
        self.seconds_to_start = seconds

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, bytes]:
        """Status, content type and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = dict(headers or {})
        if body is not None:
            sent["content-type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            return answer.status, answer.getheader("content-type") or "", answer.read()
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """Of the server and all that it has started."""
        return self._sum(lambda member: sum(member.cpu_times()[:2]))

    def memory(self) -> float:
        """Resident memory in MiB, of the server and all that it has started."""
        return self._sum(lambda member: member.memory_info().rss) / 2**20

    def _sum(self, figure: Callable[[psutil.Process], float]) -> float:
        parent = psutil.Process(self.process.pid)
        total = figure(parent)
        for child in parent.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has ended since
                total += figure(child)
        return total


@contextlib.contextmanager
def serving(
    command: Callable[[int], list[str]],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    ready: str = "/ready",
    core: int | None = SERVER_CORE,
) -> Generator[Running]:
    """Start a server and wait for the first 200 on `ready`; it ends with the block, or with us."""
    port = _free_port()
    words = command(port)
    # Without their compiled modules, Python's servers would compile them at each start.
    whole = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PORT": str(port), **env}
    whole.pop("WEB_CONCURRENCY", None)  # each is one process
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            words,
            cwd=cwd,
            env=whole,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _prepare_child(core),  # this process has no threads
        )
    running = Running(process, port)
    try:
        _wait_for(running, ready, log)
        running.seconds_to_start = time.perf_counter() - started
        yield running
    finally:
        _end(process)


def pin(core: int | None, server: int | None = None) -> None:
    """Stay on one core, or use all that there are, with all that is started from here on.

    So does a server that runs already, given by its process, with its children.
    """
    cores = CORES if core is None else {core}
    if not CAN_PIN:
        if core is not None:
            raise BenchError("Nothing is measured but on Linux: servers have a core each.")
        return
    os.sched_setaffinity(0, cores)
    if server is not None:
        parent = psutil.Process(server)
        for member in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(member.pid, cores)


def _prepare_child(core: int | None) -> None:
    # Whatever ends this process ends the server too.
    if CAN_PIN:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    pin(core)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: Any = probe.getsockname()[1]
    return int(port)


def _wait_for(running: Running, path: str, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise BenchError(f"A server ended at once; {log} says why.")
        with contextlib.suppress(OSError, http.client.HTTPException):
            if running.request("GET", path)[0] == 200:
                return
        time.sleep(POLL)
    raise BenchError(f"No 200 on {path} within {START_LIMIT:.0f} s; see {log}.")


def _end(process: subprocess.Popen[bytes]) -> None:
    # It leads a session of its own: nobody else is in its group.
    for ending in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, ending)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_LIMIT)
            return
