"""A server for a test run: its own temporary folder, nothing kept, gone with its owner."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

from . import locks
from .account import account_for
from .errors import EmbeddedError
from .home import prepare_folder, start_lock
from .server import Server, joined_server
from .starter import bring_up

_ENDS_WITHIN = 30.0


@contextlib.contextmanager
def temporary() -> Generator[Server]:
    """A fresh server without fsync; it and its files go at the end, or when this process is killed."""
    folder = Path(tempfile.mkdtemp(prefix="prisma-wasm-"))
    keeper: subprocess.Popen[bytes] | None = None
    try:
        prepare_folder(folder, account_for(folder))
        with locks.locked(start_lock(folder), 10) as lock:
            keeper = bring_up(folder, lock, idle=0, say=lambda _: None, throwaway=True)
            server = joined_server(folder)
        if server is None:
            raise EmbeddedError(f"The temporary PostgreSQL in {folder} ended after its start.")
        yield server
    finally:
        if keeper:
            _end(keeper)
        shutil.rmtree(folder, ignore_errors=True)


def _end(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin is not None
    keeper.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        keeper.wait(_ENDS_WITHIN)
