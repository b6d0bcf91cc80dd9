"""File locks between processes: one that excludes, one that says "I use this server".

The kernel drops both when a process ends, however it ends, so that no lock is ever stale.
"""

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Generator
from pathlib import Path

from .account import name_of
from .errors import EmbeddedError
from .home import inherit_owner

_RETRY_EVERY = 0.03
_LONG_WAIT = 2.0


def open_lock_file(path: Path) -> int:
    """Open (or make) a lock file that only its folder's owner can read; links are not followed."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            descriptor = os.open(path, flags | os.O_CREAT, 0o600)
            inherit_owner(path)
            return descriptor
    except OSError as error:
        raise EmbeddedError(
            f"Cannot use {path.parent} for the embedded PostgreSQL: {error}{_whose(path)}."
        ) from error


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock if nobody holds it."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise EmbeddedError(f"This file system has no file locks: {error}.") from error
    return True


def lock_within(
    descriptor: int,
    seconds: float,
    *,
    what: str,
    shared: bool = False,
    waiting: Callable[[], None] | None = None,
) -> None:
    """Take the lock, waiting for it at most so long; `what` names it in the error.

    `waiting` is called once, when the wait has become long.
    """
    started = time.monotonic()
    while not try_lock(descriptor, shared=shared):
        waited = time.monotonic() - started
        if waited > seconds:
            raise EmbeddedError(f"{what} is locked by another process for over {seconds:.0f} s.")
        if waiting and waited > _LONG_WAIT:
            waiting()
            waiting = None
        time.sleep(_RETRY_EVERY)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of this file, shared or not."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Taken for an instant at most: who waits for it tries again.
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, seconds: float, waiting: Callable[[], None] | None = None) -> Generator[int]:
    """Hold the lock of a file; yields the descriptor, which a child process may share."""
    descriptor = open_lock_file(path)
    try:
        lock_within(descriptor, seconds, what=str(path), waiting=waiting)
        yield descriptor
    finally:
        # Closing, not unlocking: a child that shares the descriptor keeps the lock.
        os.close(descriptor)


def _whose(path: Path) -> str:
    """Words on a folder that belongs to another user, as after one run with `sudo`."""
    try:
        owner = path.parent.stat().st_uid
    except OSError:
        return ""
    if owner == os.geteuid():
        return ""
    return f" (the folder belongs to the user {name_of(owner) or owner})"
