"""Folders in which a step prepares something before it gets its name; what killed runs left there.

A step (npm, pip) holds a lock on a file of its folder, which it inherits. Where the process that
started it was killed alone, the next run sees by that lock that the step is still at work, and ends
it: two must not write into one environment, nor into a folder that is being removed.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.progress import say

PREFIX = ".staging-"
LEAVES_WITHIN_SECONDS = 30.0
PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Staging:
    """A folder to work in, and the descriptor that the step at work inherits."""

    work: Path
    held: int

    def begun_by(self, group: int) -> None:
        """Note the process group of the step that holds the lock now."""
        os.pwrite(self.held, f"{group}\n".encode(), 0)


@contextlib.contextmanager
def staging(root: Path) -> Generator[Staging]:
    """A new folder below `root`, whose lock the caller holds; gone afterwards, unless renamed."""
    clean(root)
    folder = root / f"{PREFIX}{os.getpid()}"
    work = folder / "work"
    work.mkdir(parents=True)
    held = os.open(folder / "step", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield Staging(work, held)
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def clean(root: Path) -> None:
    """Remove what killed runs left; who holds the lock of `root` is the only one at work."""
    for left in root.glob(f"{PREFIX}*"):
        _end_orphan(left / "step")
        shutil.rmtree(left, ignore_errors=True)


def _end_orphan(step: Path) -> None:
    try:
        handle = os.open(step, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if _is_free(handle):
            return
        say("Ending an installation whose command was killed.")
        until = time.monotonic() + LEAVES_WITHIN_SECONDS
        while not _is_free(handle):
            # As long as the lock is held, the group exists, and no other can have its number.
            with contextlib.suppress(ValueError, ProcessLookupError, PermissionError):
                os.killpg(int(os.pread(handle, 32, 0)), signal.SIGKILL)
            if time.monotonic() > until:
                raise ToolchainError(
                    f"An installation that nobody waits for does not end in {step.parent}.",
                    mend="End the processes that work there and run this again.",
                )
            time.sleep(PAUSE_SECONDS)
    finally:
        os.close(handle)


def _is_free(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
