"""Runs a long step (npm, pip) under a limit, shows that it is alive and explains its failure."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from types import FrameType
from typing import IO

from prisma_wasm.toolchain.errors import StorageError, ToolchainError
from prisma_wasm.toolchain.progress import Progress
from prisma_wasm.toolchain.staging import Staging

POLL_SECONDS = 0.2
GRACE_SECONDS = 5.0
LAST_LINES = 15
ENDING = (signal.SIGTERM, signal.SIGHUP)

# What package managers write when a machine, not a package, is at fault; the words that help then.
FULL_DISK = ("ENOSPC", "EDQUOT", "No space left on device", "Disk quota exceeded", "os error 28")
READ_ONLY = ("EROFS", "EACCES", "EPERM", "Read-only file system", "Permission denied")
WRONG_PACKAGE = ("EINTEGRITY", "DO NOT MATCH THE HASHES", "Hash mismatch")
NO_NETWORK = (
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "ENETUNREACH",
    "Failed to establish a new connection",
    "Name or service not known",
    "Temporary failure in name resolution",
    "error sending request",
    "dns error",
    "No matching distribution found",
)
CAUSES: list[tuple[tuple[str, ...], str, type[ToolchainError]]] = [
    (FULL_DISK, "The disk is full: free some space", StorageError),
    (
        READ_ONLY,
        "A file may not be written: mend its owner, or set PRISMA_WASM_CACHE to a folder",
        StorageError,
    ),
    (
        WRONG_PACKAGE,
        "A package is not the pinned one: clear the package manager's cache",
        ToolchainError,
    ),
    (
        NO_NETWORK,
        "The package registry can't be reached: check network, proxy and registry settings",
        ToolchainError,
    ),
]
# npm's log of its requests, which is there to count them.
REQUEST = "npm http "


def run_step(
    title: str,
    command: list[str],
    *,
    limit: float,
    mend: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    detail: Callable[[str], str] = lambda _: "at work",
    fails_on: tuple[str, ...] = (),
    place: Staging,
) -> None:
    """Run `command` to its end or raise a ToolchainError that names the cause.

    `detail` says how far it is, from what it has written so far. A step that writes one of
    `fails_on` has failed, whatever its exit code.
    """
    progress = Progress(title)
    with tempfile.TemporaryFile() as output, _ended_by_exception():
        try:
            # A session of its own: the step ends as a whole, whatever it has started.
            process = subprocess.Popen(  # noqa: S603 - pip, uv or npm
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=(place.held,),
            )
            place.begun_by(process.pid)
        except OSError as error:
            progress.failed()
            raise ToolchainError(f"{title} failed: {error}.", mend=mend) from error
        try:
            code = _wait(process, limit, lambda: progress.at(detail(_text(output))))
        except BaseException:
            progress.failed()
            _end(process)
            raise
        if code is None:
            progress.failed()
            _end(process)
            raise ToolchainError(
                f"{title} did not end within {limit:.0f} s.\n{_tail(output)}", mend=mend
            )
        if code != 0 or _says_any(output, fails_on):
            progress.failed()
            raise _failure(title, code, _tail(output), mend)
    progress.done("done")


@contextlib.contextmanager
def _ended_by_exception() -> Generator[None]:
    """A signal that would end this process at once lets it end the step and tidy up first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ends = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ends:
        signal.signal(number, _end_process)
    try:
        yield
    finally:
        for number in ends:
            signal.signal(number, signal.SIG_DFL)


def _end_process(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


def _wait(process: "subprocess.Popen[bytes]", limit: float, show: Callable[[], None]) -> int | None:
    until = time.monotonic() + limit
    while time.monotonic() < until:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(POLL_SECONDS)
        show()
    return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)


def _says_any(output: IO[bytes], words: tuple[str, ...]) -> bool:
    text = _text(output)
    return any(word in text for word in words)


def _tail(output: IO[bytes]) -> str:
    lines = [
        line for line in _text(output).splitlines() if line.strip() and not line.startswith(REQUEST)
    ]
    return "\n".join(lines[-LAST_LINES:])


def _text(output: IO[bytes]) -> str:
    """What the step has written; reading does not move the place where it goes on."""
    descriptor = output.fileno()
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


def _failure(title: str, code: int, tail: str, mend: str) -> ToolchainError:
    for words, cause, kind in CAUSES:
        if any(word in tail for word in words):
            return kind(
                f"{title} failed (exit code {code}):\n{tail}", mend=f"{cause}, and run this again."
            )
    return ToolchainError(f"{title} failed (exit code {code}):\n{tail}", mend=mend)
