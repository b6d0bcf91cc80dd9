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
from .home import find_home, prepare_folder, start_lock
from .server import Server, joined_server, stop
from .starter import bring_up

_ENDS_WITHIN = 30.0
_CAN_ENTER = 'cd "$1"'


@contextlib.contextmanager
def temporary() -> Generator[Server]:
    """A fresh server without fsync, gone with its files at the end or when this process dies."""
    folder = _make_folder()
    keeper: subprocess.Popen[bytes] | None = None
    try:
        with locks.locked(start_lock(folder), 10) as lock:
            keeper = bring_up(folder, lock, idle=0, say=lambda _: None, throwaway=True)
            server = joined_server(folder)
        if server is None:
            raise EmbeddedError(f"The temporary PostgreSQL in {folder} ended after its start.")
        yield server
    finally:
        if keeper:
            _end(keeper)
        _clean(folder)


def _make_folder() -> Path:
    """A temporary folder that PostgreSQL's user can enter, which for root is another user."""
    folders: list[Path] = []
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp is safe there
        folder = Path(tempfile.mkdtemp(prefix="prisma-wasm-", dir=base))
        folders.append(folder)
        account = account_for(folder)
        prepare_folder(folder, account)
        if account.is_self or account.can(_CAN_ENTER, folder):
            break
    for unfit in folders[:-1]:
        unfit.rmdir()
    return folders[-1]


def _end(keeper: subprocess.Popen[bytes]) -> None:
    """Close the pipe whose end the keeper waits for; it stops the server and deletes the files."""
    if keeper.stdin:
        keeper.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        keeper.wait(_ENDS_WITHIN)


def _clean(folder: Path) -> None:
    """Do the keeper's work where it was killed or never came so far."""
    if folder.exists():
        stop(folder)
        home = find_home(folder)
        for path in (home.path if home else folder, folder):
            shutil.rmtree(path, ignore_errors=True)
