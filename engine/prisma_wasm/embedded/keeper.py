"""The keeper: a small detached process that starts a server and stops it when nobody uses it.

Being PostgreSQL's parent it outlives whoever asked for the server. If it is killed the server
lives on, and the next process that asks starts another keeper.

Run as `python -m prisma_wasm.embedded.keeper`, by `server.py` alone.
"""

import argparse
import contextlib
import json
import math
import os
import select
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from . import cluster, locks
from .account import Account, account_for
from .binaries import Binaries, installed
from .errors import EmbeddedError
from .home import (
    Home,
    find_home,
    keeper_lock,
    make_home,
    read_state,
    start_lock,
    users_lock,
    write_state,
)

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
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = locks.open_lock_file(keeper_lock(folder))

    def tell(self, **what: str) -> None:
        """Tell the starter how far we are; one that is gone does not matter."""
        with contextlib.suppress(OSError):
            os.write(self.report, (json.dumps(what) + "\n").encode())

    def bring_up(self) -> int:
        """Have a ready server, a new one or one that runs already; returns its process id."""
        # A keeper whose server has just died may take a moment to leave.
        locks.lock_within(self.lock, _OLD_KEEPER_LIMIT, what=str(keeper_lock(self.folder)))
        found = find_home(self.folder)
        if found and (server := cluster.running(found.cluster)):
            self.home = found
            cluster.wait_until_ready(found, server.pid, seconds=_START_LIMIT)
            return server.pid
        account = account_for(self.folder)
        binaries = installed()
        if found is None:
            self.tell(step="create")
            found, draft = make_home(self.folder, account)
            cluster.create(found, draft, account, binaries, throwaway=self.throwaway)
        self.home = found
        self.tell(step="start")
        cluster.check(found, binaries)
        cluster.clear_leftovers(found.cluster)
        return self._start_on_free_port(account, binaries)

    def watch(self, pid: int) -> None:
        """Stop the server when nobody has used it for the idle time; return when it is gone."""
        used_at = counted_at = time.monotonic()
        touched = self._touched()
        while cluster.works_in(pid, self.home.cluster):
            if self._pause() or os.fstat(self.lock).st_nlink == 0:
                # Nobody can come back to this server: its owner or its folder is no more.
                cluster.stop(pid, self.home.cluster, immediately=True)
                return
            self._follow_folder()
            now = time.monotonic()
            if self._touched() != touched or locks.is_held(users_lock(self.folder)):
                touched, used_at = self._touched(), now
            elif now - counted_at >= min(_COUNT_EVERY, self.idle / 4):
                counted_at = now
                if has_clients(pid):
                    used_at = now
            if now - used_at > self.idle and self._stop_if_unused(pid, touched):
                return

    def _start_on_free_port(self, account: Account, binaries: Binaries) -> int:
        state = read_state(self.home)
        port = cluster.free_port(state.port)
        for attempt in range(_PORT_ATTEMPTS):
            try:
                self.process = cluster.start(
                    self.home,
                    account,
                    binaries,
                    port=port,
                    throwaway=self.throwaway,
                    seconds=_START_LIMIT,
                )
            except EmbeddedError:
                # Somebody may have taken the port between our look and PostgreSQL's start.
                if cluster.is_free(port) or attempt == _PORT_ATTEMPTS - 1:
                    raise
                port = cluster.free_port()
            else:
                write_state(self.home, replace(state, port=port))
                return self.process.pid
        raise AssertionError("the last attempt returns or raises")

    def _pause(self) -> bool:
        """Wait a moment, or less when something ends; True when a temporary server's owner did."""
        seconds = min(_LOOK_EVERY, self.idle / 4)
        if self.throwaway:
            return bool(select.select([sys.stdin], [], [], seconds)[0])
        if self.process:
            # As its parent we also take the dead server off the process table.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        else:
            time.sleep(seconds)
        return False

    def _touched(self) -> int:
        with contextlib.suppress(OSError):
            return users_lock(self.folder).stat().st_mtime_ns
        return 0

    def _follow_folder(self) -> None:
        """Our working directory is the folder, wherever it has been moved."""
        here = Path.cwd()
        if here != self.folder:
            at_home = self.home.path == self.folder
            self.folder = here
            self.home = Home(here, here if at_home else self.home.path)

    def _stop_if_unused(self, pid: int, touched: int) -> bool:
        """Stop, with nobody able to ask for the server meanwhile; False if somebody just did."""
        descriptor = locks.open_lock_file(start_lock(self.folder))
        try:
            if not locks.try_lock(descriptor):
                return False
            if self._touched() != touched or has_clients(pid):
                return False
            cluster.stop(pid, self.home.cluster)
            return True
        finally:
            os.close(descriptor)


def has_clients(pid: int) -> bool:
    """Whether the server has client connections, told by the titles of its processes."""
    import psutil

    try:
        children = psutil.Process(pid).children()
    except psutil.Error:
        return False
    for child in children:
        with contextlib.suppress(psutil.Error):
            # "postgres: role database 127.0.0.1(40312) idle"
            if f" {cluster.HOST}(" in " ".join(child.cmdline()):
                return True
    return False


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
        pid = keeper.bring_up()
        keeper.tell(step="ready")
    except Exception as error:
        said = str(error) if isinstance(error, EmbeddedError) else f"{error!r} in the keeper"
        keeper.tell(error=said)
        raise
    finally:
        os.close(arguments.report)
        # The starter shares this lock, so that it holds even if the starter was killed.
        os.close(arguments.start_lock)
    keeper.watch(pid)
    if arguments.throwaway:
        shutil.rmtree(arguments.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
