"""Run a server as a process on its own core, send requests to it, measure it and stop it."""

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

# The cores that this process may use. Only Linux tells, and only there can processes be pinned.
CAN_PIN = hasattr(os, "sched_getaffinity")
CORES = sorted(os.sched_getaffinity(0)) if CAN_PIN else list(range(os.cpu_count() or 1))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]
START_TIMEOUT = 60.0
STOP_TIMEOUT = 10.0
POLL_INTERVAL = 0.005
_PR_SET_PDEATHSIG = 1


class RunningServer:
    """A running server: its process and its port."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, seconds: float = 0.0) -> None:
        self.process = process
        self.port = port
        self.seconds_to_start = seconds

    def request(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, bytes]:
        """Send a request; return the status, content type and body of the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = dict(headers or {})
        if body is not None:
            sent["content-type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            response = connection.getresponse()
            return response.status, response.getheader("content-type") or "", response.read()
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """Return the CPU time used so far by the server and its child processes."""
        return self._sum(lambda member: sum(member.cpu_times()[:2]))

    def memory(self) -> float:
        """Return the resident memory in MiB of the server and its child processes."""
        return self._sum(lambda member: member.memory_info().rss) / 2**20

    def _sum(self, figure: Callable[[psutil.Process], float]) -> float:
        parent = psutil.Process(self.process.pid)
        total = figure(parent)
        for child in parent.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has exited
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
) -> Generator[RunningServer]:
    """Start a server and wait for the first 200 on `ready`; stop it when the block ends.

    On Linux it also stops when this process dies.
    """
    port = _free_port()
    # Python servers keep compiled modules; otherwise they would compile them at each start.
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PORT": str(port), **env}
    variables.pop("WEB_CONCURRENCY", None)  # one process per server
    with log.open("wb") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command(port),
            cwd=cwd,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _prepare_child(core),  # this process has no threads
        )
    running = RunningServer(process, port)
    try:
        _wait_until_ready(running, ready, log)
        running.seconds_to_start = time.perf_counter() - started
        yield running
    finally:
        _stop(process)


def pin(core: int | None, server: int | None = None) -> None:
    """Pin this process and its future children to one core, or allow all cores.

    The same applies to a running server, given by its process id, and its children.
    """
    cores = CORES if core is None else {core}
    if not CAN_PIN:
        if core is not None:
            raise BenchError("Benchmarks run only on Linux, where servers can be pinned to a core.")
        return
    os.sched_setaffinity(0, cores)
    if server is not None:
        parent = psutil.Process(server)
        for member in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(member.pid, cores)


def _prepare_child(core: int | None) -> None:
    # The kernel stops the server when this process dies, for whatever reason.
    if CAN_PIN:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    pin(core)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: Any = probe.getsockname()[1]
    return int(port)


def _wait_until_ready(running: RunningServer, path: str, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise BenchError(f"A server exited during its start; see {log}.")
        with contextlib.suppress(OSError, http.client.HTTPException):
            if running.request("GET", path)[0] == 200:
                return
        time.sleep(POLL_INTERVAL)
    raise BenchError(f"No 200 on {path} within {START_TIMEOUT:.0f} s; see {log}.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # The server leads its own session, so its process group holds only its children.
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT)
            return
