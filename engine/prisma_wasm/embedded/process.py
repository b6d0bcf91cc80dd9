"""PostgreSQL's process: see whether it runs, start it, stop it."""

import contextlib
import os
import secrets
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .account import Account, process_environment
from .cluster import HOST, RESET_ADVICE, disk_hint, last_words
from .errors import EmbeddedError
from .home import Home, open_log

_POLL = 0.02
_ANSWER_LIMIT = 5.0
# Outside the range that systems take ports for outgoing connections from.
_FIRST_PORT, _LAST_PORT = 20_000, 30_000
_LOG_KEEPS = 20 * 1024 * 1024

# Given at the start, since everything here relies on them.
_FIXED = {
    "listen_addresses": HOST,
    # No path of a socket can be too long, and nobody can come in without the password.
    "unix_socket_directories": "",
    "logging_collector": "off",
    "update_process_title": "on",
}
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True)
class Postmaster:
    """The running server, as its postmaster.pid tells; `place` identifies its data folder."""

    pid: int
    port: int
    ready: bool
    place: os.stat_result


def running(cluster: Path) -> Postmaster | None:
    """The server of this cluster, if its process is alive and really works in this folder."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        pid, port = int(lines[0]), int(lines[3])
        place = cluster.stat()
    except (OSError, ValueError, IndexError):
        return None
    if not works_in(pid, place):
        return None
    return Postmaster(pid, port, len(lines) > 7 and lines[7].strip() == "ready", place)


def works_in(pid: int, place: os.stat_result) -> bool:
    """Whether this is a living PostgreSQL process with that folder as its working directory.

    A number alone proves nothing: it may have gone to another process, be that of a zombie, or
    have been copied with the folder of another, running server.
    """
    if sys.platform == "linux":
        process = Path("/proc") / str(pid)
        with contextlib.suppress(OSError):
            return (process / "comm").read_text().strip() == "postgres" and os.path.samestat(
                (process / "cwd").stat(), place
            )
        return False
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        known = psutil.Process(pid)
        return known.name() == "postgres" and os.path.samestat(Path(known.cwd()).stat(), place)
    return False


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
            if f" {HOST}(" in " ".join(child.cmdline()):
                return True
    return False


def start(
    home: Home, account: Account, program: str, *, port: int, throwaway: bool, seconds: float
) -> Postmaster:
    """Start the server as our child and wait until it takes connections."""
    settings = {**_FIXED, "port": str(port), **(_THROWAWAY if throwaway else {})}
    arguments = [f"--{name}={value}" for name, value in settings.items()]
    if home.log.exists() and home.log.stat().st_size > _LOG_KEEPS:
        home.log.replace(home.log.with_suffix(".log.old"))
    descriptor = open_log(home.log)
    try:
        said_before = os.fstat(descriptor).st_size
        child = subprocess.Popen(  # noqa: S603 - our own program and settings
            [program, "-D", str(home.cluster), *arguments],
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
    while child.poll() is None:
        server = running(home.cluster)
        if server and server.pid == child.pid and server.ready:
            return server
        if time.monotonic() > deadline:
            child.kill()
            child.wait(seconds)
            raise EmbeddedError(
                f"PostgreSQL in {home.path} was not ready within {seconds:.0f} s; see {home.log}."
            )
        time.sleep(_POLL)
    with home.log.open("rb") as log:
        log.seek(said_before)
        words = last_words(log.read().decode(errors="replace"))
    raise EmbeddedError(
        f"PostgreSQL does not start in {home.path}: {words}{disk_hint(home.path)}\n"
        f"Its log is {home.log}. {RESET_ADVICE}"
    )


def wait_until_ready(home: Home, *, seconds: float) -> Postmaster | None:
    """Wait for a server that somebody else has started; None when it ends instead."""
    deadline = time.monotonic() + seconds
    while server := running(home.cluster):
        if server.ready and answers(server.port):
            return server
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"PostgreSQL in {home.path} (process {server.pid}) was not ready"
                f" within {seconds:.0f} s; see {home.log}."
            )
        time.sleep(_POLL)
    return None


def answers(port: int) -> bool:
    """Whether the server takes a connection; one that is being killed may still look alive."""
    try:
        with socket.create_connection((HOST, port), _ANSWER_LIMIT) as connection:
            # The protocol's question for TLS: one byte answers it, before any authentication.
            connection.sendall(struct.pack("!ii", 8, 80877103))
            return connection.recv(1) in (b"N", b"S")
    except OSError:
        return False


def stop(pid: int, place: os.stat_result, *, seconds: float = 10.0, at_once: bool = False) -> None:
    """End the server in order, then without, in the end by force; every wait is limited.

    One that recovers on a full disk does not hear the first order. Without order nothing that was
    committed is lost either: the next start recovers.
    """
    orders = [signal.SIGQUIT] if at_once else [signal.SIGINT, signal.SIGQUIT]
    for order in [*orders, signal.SIGKILL]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, order)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not works_in(pid, place):
                return
            time.sleep(_POLL)
    raise EmbeddedError(f"The PostgreSQL process {pid} does not end.")


def clear_leftovers(cluster: Path) -> None:
    """Make room for a start after a server that did not end by itself.

    Its sessions may still be alive for a moment; they hold the old shared memory. And the number
    in its postmaster.pid may belong to a living process by now: PostgreSQL would take that for the
    server. Our own number, its parent's, tells it that the file is stale, while the file's
    shared-memory key still lets it make sure that no session is left.
    """
    import psutil

    place = cluster.stat()
    for process in psutil.process_iter():
        if works_in(process.pid, place):
            stop(process.pid, place, seconds=5, at_once=True)
    pid_file = cluster / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError):
        lines = pid_file.read_text(errors="replace").splitlines()
        if len(lines) < 7:
            # The disk was full, or the machine went down, while it was written.
            pid_file.unlink()
            return
        with pid_file.open("r+") as file:
            file.write("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
            file.truncate()


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
