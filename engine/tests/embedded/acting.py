"""What the tests do to a server: ask it, run programs beside it, wait for it."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psutil

from prisma_wasm import embedded

LIMIT = 180.0

# Prints the port once the server is there.
ENSURE = """
import sys
from pathlib import Path
from prisma_wasm import embedded
server = embedded.ensure(Path(sys.argv[1]), database="app", idle_minutes=float(sys.argv[2]))
print(server.port, flush=True)
"""
ENSURE_AND_STAY = ENSURE + "sys.stdin.read()\n"


def spawn(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python program."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ensure_elsewhere(folder: Path, *, idle_minutes: float = 5) -> int:
    """Have the server from another process, which then ends; returns the port."""
    program = spawn(ENSURE, folder, idle_minutes)
    output, errors = program.communicate(timeout=LIMIT)
    assert program.returncode == 0, errors
    return int(output)


def query(folder: Path, statement: str, database: str = "app") -> str:
    """Run SQL on a running server."""
    done = subprocess.run(
        [*embedded.psql_command(folder, database), "-XqAtc", statement],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def until(condition: Callable[[], object], seconds: float = LIMIT) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def server_pid(folder: Path) -> int:
    """The process id of a running server."""
    pid = embedded.status(folder).pid
    assert pid is not None
    return pid


def keepers(folder: Path) -> list[psutil.Process]:
    """The living keepers of a folder."""
    return [
        process
        for process in psutil.process_iter()
        if {"prisma_wasm.embedded.keeper", str(folder)} <= set(command_line(process))
    ]


def postmasters(folder: Path) -> list[int]:
    """The servers whose data is below this folder, by their command lines.

    A process that a server has just forked bears the same one for a moment.
    """
    alike = [
        process
        for process in psutil.process_iter(["ppid"])
        if any(part == str(folder / "cluster") for part in command_line(process)[:3])
    ]
    known = {process.pid for process in alike}
    return [process.pid for process in alike if process.info["ppid"] not in known]


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still does anything; one that ends at this moment does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def user_elsewhere(folder: Path, *, idle_minutes: float = 5) -> Generator["subprocess.Popen[str]"]:
    """Another process that has the server and stays its user, until it is killed."""
    program = spawn(ENSURE_AND_STAY, folder, idle_minutes)
    try:
        assert program.stdout is not None
        assert program.stdout.readline(), "the server was not started"
        yield program
    finally:
        program.kill()
        program.communicate(timeout=LIMIT)


def command_line(process: psutil.Process) -> list[str]:
    """The words of a process's command; none when it ends at this moment."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []
