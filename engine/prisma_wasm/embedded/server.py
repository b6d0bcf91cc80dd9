"""An embedded server for those who use it: have it running, look at it, stop it, delete it."""

import contextlib
import os
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from . import cluster, locks, process
from .account import account_for, process_environment
from .binaries import installed
from .errors import EmbeddedError
from .home import (
    Home,
    find_home,
    forget_home,
    keeper_lock,
    prepare_folder,
    read_state,
    start_lock,
    users_lock,
    write_state,
)
from .starter import KeeperLostError, Say, bring_up, say_to_stderr, short

DEFAULT_IDLE_MINUTES = 5.0
_LOCK_LIMIT = 300.0
_KEEPER_LEAVES_WITHIN = 15.0
_PSQL_LIMIT = 60.0

# While a process holds these it counts as a user of the server; the kernel closes them at its end.
_uses: dict[tuple[int, int], int] = {}


@dataclass(frozen=True)
class Server:
    """A running server that takes connections on 127.0.0.1."""

    folder: Path
    data: Path
    port: int
    password: str

    def url(
        self,
        database: str = "postgres",
        *,
        user: str = cluster.SUPERUSER,
        password: str | None = None,
    ) -> str:
        """A URL for asyncpg, Prisma, psql and node; by default as the owner, a superuser."""
        secret = quote(self.password if password is None else password, safe="")
        return (
            f"postgresql://{quote(user, safe='')}:{secret}"
            f"@{cluster.HOST}:{self.port}/{quote(database, safe='')}"
        )


@dataclass(frozen=True)
class Status:
    """What can be said of a folder's server without starting it."""

    folder: Path
    data: Path | None
    running: bool
    pid: int | None = None
    port: int | None = None


def ensure(
    folder: Path,
    *,
    database: str | None = None,
    idle_minutes: float = DEFAULT_IDLE_MINUTES,
    say: Say = say_to_stderr,
) -> Server:
    """Have the server of this folder running, and count this process as its user until it ends.

    Starts it, creates its data the first time, or joins it. `database` names a database that is
    created, empty, once in the life of the data: whoever drops it later has it stay dropped.
    Blocks, for limited time; `say` gets a sentence when that takes long.
    """
    folder = folder.absolute()
    prepare_folder(folder, account_for(folder))
    with _start_locked(folder, say) as lock:
        _use(folder)
        joined = joined_server(folder)
        if joined is None:
            try:
                bring_up(folder, lock, idle=idle_minutes * 60, say=say)
            except KeeperLostError:
                bring_up(folder, lock, idle=idle_minutes * 60, say=say)
            joined = joined_server(folder)
        if joined is None:
            raise EmbeddedError(f"PostgreSQL in {folder} ended right after its start.")
        if database:
            _create_once(joined, database)
    return joined


def status(folder: Path) -> Status:
    """Look, and change nothing."""
    folder = folder.absolute()
    home = find_home(folder)
    server = process.running(home.cluster) if home else None
    if server is None:
        return Status(folder, home.path if home else None, running=False)
    return Status(folder, home.path if home else None, True, server.pid, server.port)


def stop(folder: Path) -> bool:
    """Stop the server, whoever uses it; False if it was not running. The data stays."""
    folder = folder.absolute()
    if not folder.is_dir():
        return False
    with _start_locked(folder, say_to_stderr):
        return _stop_locked(folder)


def reset(folder: Path) -> None:
    """Stop the server and delete all its data."""
    folder = folder.absolute()
    if not folder.is_dir():
        return
    with _start_locked(folder, say_to_stderr):
        # With damaged data nothing may be known that could be stopped; the keeper sees to it then.
        with contextlib.suppress(EmbeddedError):
            _stop_locked(folder)
        forget_home(folder)
        _wait_for_keeper(folder)


def psql_command(folder: Path, database: str = "postgres") -> list[str]:
    """The command line of psql on the running server; the password is in a file, not in it."""
    folder = folder.absolute()
    home = find_home(folder)
    server = process.running(home.cluster) if home else None
    if home is None or server is None:
        raise EmbeddedError(f"The server of {folder} is not running.")
    return _psql(home, server.port, database)


@contextlib.contextmanager
def _start_locked(folder: Path, say: Say) -> Generator[int]:
    """Hold the lock under which the server starts and stops."""
    with locks.locked(
        start_lock(folder),
        _LOCK_LIMIT,
        waiting=lambda: say(f"Waiting for another process that works on {short(folder)} ..."),
    ) as descriptor:
        yield descriptor


def joined_server(folder: Path) -> Server | None:
    """The server as it is now, if it is ready and has a keeper."""
    home = find_home(folder)
    server = process.running(home.cluster) if home else None
    if home is None or server is None or not server.ready:
        return None
    if not locks.is_held(keeper_lock(folder)) or not process.answers(server.port):
        return None
    return Server(folder, home.path, server.port, _password(home))


def _use(folder: Path) -> None:
    descriptor = locks.open_lock_file(users_lock(folder))
    os.utime(descriptor)
    known = os.fstat(descriptor)
    key = known.st_dev, known.st_ino
    if key in _uses:
        os.close(descriptor)
        return
    locks.lock_within(descriptor, 10, what=str(users_lock(folder)), shared=True)
    _uses[key] = descriptor


def _password(home: Home) -> str:
    try:
        if home.password_file.stat().st_mode & 0o077:
            # As after `chmod -R`; psql ignores the file like this, and others could read it.
            home.password_file.chmod(0o600)
        return home.password_file.read_text().rstrip("\n").rpartition(":")[2]
    except OSError as error:
        raise EmbeddedError(
            f"The password of the database in {home.path} cannot be read: {error}."
        ) from error


def _stop_locked(folder: Path) -> bool:
    home = find_home(folder)
    server = process.running(home.cluster) if home else None
    if server:
        process.stop(server.pid, server.place)
    _wait_for_keeper(folder)
    return server is not None


def _wait_for_keeper(folder: Path) -> None:
    deadline = time.monotonic() + _KEEPER_LEAVES_WITHIN
    while locks.is_held(keeper_lock(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)


def _create_once(server: Server, database: str) -> None:
    home = Home(server.folder, server.data)
    state = read_state(home)
    if database in state.databases:
        return
    # A caller that was killed may have left its psql behind, which creates the same database at
    # this moment: ours fails then, and finds it there when it looks again.
    problem = _create_database(home, server, database)
    if problem and _create_database(home, server, database):
        raise EmbeddedError(f"Cannot create {database} in {server.folder}: {problem}")
    write_state(home, replace(state, databases=(*state.databases, database)))


def _create_database(home: Home, server: Server, database: str) -> str:
    """Create the database if it is missing; returns what went wrong."""
    # psql quotes the name itself, and runs what the query answers: nothing where it exists.
    script = (
        "SELECT format('CREATE DATABASE %I', :'name')"
        " WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec\n"
    )
    command = [*_psql(home, server.port, "postgres"), "-Xq", "-v", f"name={database}"]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [*command, "-v", "ON_ERROR_STOP=1"],
            input=script,
            env=process_environment(),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PSQL_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    return done.stderr.strip() or f"psql ended with {done.returncode}."


def _psql(home: Home, port: int, database: str) -> list[str]:
    parts = {
        "host": cluster.HOST,
        "port": str(port),
        "user": cluster.SUPERUSER,
        "dbname": database,
        "passfile": str(home.password_file),
    }
    return [
        installed().program("psql"),
        "--dbname=" + " ".join(f"{name}={_quoted(value)}" for name, value in parts.items()),
    ]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
