"""The keeper: a small detached process that starts a server and stops it when nobody uses it.

Being PostgreSQL's parent it outlives whoever asked for the server. If it is killed the server
lives on, and the next process that asks starts another keeper.

Run as `python -m prisma_wasm.embedded.keeper`, by `starter.py` alone.
"""

import argparse
import contextlib
import json
import math
import os
import select
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

from . import cluster, locks, process
from .account import Account, account_for
from .binaries import usable_by
from .errors import EmbeddedError
from .home import (
    Home,
    delete,
    find_home,
    keeper_lock,
    make_home,
    points_to,
    read_state,
    start_lock,
    state_bases,
    users_lock,
    write_state,
)
from .process import Postmaster

_START_LIMIT = 60.0
_LOOK_EVERY = 2.0
_COUNT_EVERY = 10.0
_PORT_ATTEMPTS = 5
_OLD_KEEPER_LIMIT = 10.0


class Keeper:
    """One server from its start to its end."""

    def __init__(self, folder: Path, *, idle: float, throwaway: bool, report: int) -> None:
        self.folder = folder
        self.idle = math.inf if throwaway else idle
        self.throwaway = throwaway
        self.report = report
        self.home = Home(folder, folder)
        self.lock = locks.open_lock_file(keeper_lock(folder))
        self.events = _child_events()

    def tell(self, **what: str) -> None:
        """Tell the starter how far we are; one that is gone does not matter."""
        with contextlib.suppress(OSError):
            os.write(self.report, (json.dumps(what) + "\n").encode())

    def bring_up(self) -> Postmaster:
        """Have a ready server, a new one or one that runs already."""
        # A keeper whose server has just died may take a moment to leave.
        locks.lock_within(self.lock, _OLD_KEEPER_LIMIT, what=str(keeper_lock(self.folder)))
        found = find_home(self.folder)
        if found and (server := process.wait_until_ready(found, seconds=_START_LIMIT)):
            self.home = found
            return server
        account = account_for(self.folder)
        binaries = usable_by(account, state_bases())
        if found is None:
            self.tell(step="create")
            found, draft = make_home(self.folder, account)
            cluster.create(found, draft, account, binaries, throwaway=self.throwaway)
        self.home = found
        cluster.check(found, account, binaries)
        process.clear_leftovers(found.cluster)
        return self._start_on_free_port(account, binaries.program("postgres"))

    def watch(self, server: Postmaster) -> None:
        """Stop the server when nobody has used it for the idle time; return when it is gone."""
        used_at = counted_at = time.monotonic()
        touched = self._touched()
        while process.works_in(server.pid, server.place):
            owner_gone = self._pause()
            self._follow_folder()
            if owner_gone or self._is_deserted():
                process.stop(server.pid, server.place, at_once=True)
                return
            now = time.monotonic()
            if self._touched() != touched or locks.is_held(users_lock(self.folder)):
                touched, used_at = self._touched(), now
            elif now - counted_at >= min(_COUNT_EVERY, self.idle / 4):
                counted_at = now
                if process.has_clients(server.pid):
                    used_at = now
            if now - used_at > self.idle and self._stop_if_unused(server, touched):
                return

    def _start_on_free_port(self, account: Account, program: str) -> Postmaster:
        state = read_state(self.home)
        port = process.free_port(state.port)
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            try:
                server = process.start(
                    self.home,
                    account,
                    program,
                    port=port,
                    throwaway=self.throwaway,
                    seconds=_START_LIMIT,
                )
            except EmbeddedError:
                if server := process.wait_until_ready(self.home, seconds=_START_LIMIT):
                    # A keeper that was killed had started it, too late for us to see.
                    return server
                # Somebody may have taken the port between our look and PostgreSQL's start.
                if process.is_free(port) or attempt == _PORT_ATTEMPTS:
                    raise
                port = process.free_port()
            else:
                if state.port != port:
                    write_state(self.home, replace(state, port=port))
                return server
        raise AssertionError("the last attempt returns or raises")

    def _pause(self) -> bool:
        """Wait a moment, or until a child ends; True when a temporary server's owner is gone."""
        watched = [self.events, sys.stdin] if self.throwaway else [self.events]
        ready = select.select(watched, [], [], min(_LOOK_EVERY, self.idle / 4))[0]
        if self.events in ready:
            self.events.recv(1024)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        return sys.stdin in ready

    def _touched(self) -> int:
        with contextlib.suppress(OSError):
            return users_lock(self.folder).stat().st_mtime_ns
        return 0

    def _is_deserted(self) -> bool:
        """Whether nobody can come back: the folder or the pointer in it has been deleted."""
        if os.fstat(self.lock).st_nlink == 0:
            return True
        return self.home.path != self.folder and not points_to(self.folder, self.home.path)

    def _follow_folder(self) -> None:
        """Our working directory is the folder, wherever it has been moved."""
        try:
            here = Path.cwd()
        except FileNotFoundError:
            return
        if here != self.folder:
            at_home = self.home.path == self.folder
            self.folder = here
            self.home = Home(here, here if at_home else self.home.path)

    def _stop_if_unused(self, server: Postmaster, touched: int) -> bool:
        """Stop, with nobody able to ask for the server meanwhile; False if somebody just did."""
        descriptor = locks.open_lock_file(start_lock(self.folder))
        try:
            if not locks.try_lock(descriptor):
                return False
            if self._touched() != touched or process.has_clients(server.pid):
                return False
            process.stop(server.pid, server.place)
            return True
        finally:
            os.close(descriptor)


def _child_events() -> socket.socket:
    """A socket that can be read when a child has ended."""
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    signal.signal(signal.SIGCHLD, _wake)
    # Python keeps the number alone; detached, the socket stays open for as long as we live.
    signal.set_wakeup_fd(writing.detach())
    return reading


def _wake(_signal: int, _frame: object) -> None:
    """The signal only has to end a wait, through the wake-up socket."""


def main() -> int:
    """Start or join the server of one folder, report, and keep it."""
    parser = argparse.ArgumentParser(prog="prisma_wasm.embedded.keeper")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--idle", type=float, required=True, help="seconds")
    parser.add_argument("--start-lock", type=int, required=True, help="its descriptor")
    parser.add_argument("--report", type=int, required=True, help="descriptor of a pipe")
    parser.add_argument("--throwaway", action="store_true")
    arguments = parser.parse_args()
    os.umask(0o077)
    os.chdir(arguments.folder)
    keeper = Keeper(
        arguments.folder,
        idle=arguments.idle,
        throwaway=arguments.throwaway,
        report=arguments.report,
    )
    try:
        server = keeper.bring_up()
        keeper.tell(step="ready")
    except EmbeddedError as error:
        keeper.tell(error=str(error))
        raise
    except OSError as error:
        hint = cluster.disk_hint(keeper.home.path)
        keeper.tell(error=f"PostgreSQL in {keeper.folder} cannot be started: {error}{hint}")
        raise
    except Exception as error:
        keeper.tell(error=f"Starting PostgreSQL in {keeper.folder} failed: {error!r}")
        raise
    finally:
        os.close(arguments.report)
        # The starter shares this lock, so that it holds even if the starter was killed.
        os.close(arguments.start_lock)
    keeper.watch(server)
    if arguments.throwaway:
        delete(keeper.home.path)
        if keeper.folder.exists():
            delete(keeper.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
