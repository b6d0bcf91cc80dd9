"""A lock between processes that prepare the same folder; the kernel gives it back when one dies."""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.progress import say

LIMIT_SECONDS = 1200.0  # an install on a slow line, and then some
PAUSE_SECONDS = 0.2


@contextmanager
def locked(folder: Path, *, limit: float = LIMIT_SECONDS) -> Generator[None]:
    """Hold `folder`'s lock for the block."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _wait_for(handle, path, limit)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, path: Path, limit: float) -> None:
    until = time.monotonic() + limit
    told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise ToolchainError(
                    f"Another process has held {path} for {limit:.0f} s.",
                    mend="Wait for the other `prisma` or `prisma-wasm install`, or end it;"
                    " then run this again.",
                ) from None
            if not told:
                say("Another process is preparing the prisma command; waiting for it.")
                told = True
            time.sleep(PAUSE_SECONDS)
        else:
            return
