"""PgBouncer from the machine's packages, in transaction mode, in front of a test's database."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from prisma_wasm.address import Address, parse

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
_LIMIT = 60.0
_CONFIGURATION = """
[databases]
{database} = host={host} port={port} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
"""


@contextmanager
def pooled(url: str, pool_size: int) -> Generator[str]:
    """The URL of the same database by way of a pooler with so many connections to the server."""
    server = parse(url)
    port = _free_port()
    # PgBouncer refuses to be root; who it is then must be able to read its files.
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    try:
        file = _write_files(folder, server, port, pool_size)
        if account is not None:
            for path in (folder, *folder.iterdir()):
                os.chown(path, account.pw_uid, account.pw_gid)
        with _running(file, account.pw_name if account is not None else None, port):
            yield (
                f"postgresql://{server.user}:{server.password}@127.0.0.1:{port}/{server.database}"
                "?pgbouncer=true"
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_files(folder: Path, server: Address, port: int, pool_size: int) -> Path:
    users = folder / "users.txt"
    users.write_text(f'"{server.user}" "{server.password}"\n', encoding="utf-8")
    file = folder / "pgbouncer.ini"
    text = _CONFIGURATION.format(
        database=server.database,
        host=server.hosts[0],
        port=server.ports[0],
        own_port=port,
        users=users,
        pool_size=pool_size,
    )
    file.write_text(text, encoding="utf-8")
    return file


@contextmanager
def _running(file: Path, user: str | None, port: int) -> Generator[None]:
    assert PGBOUNCER is not None
    command = [PGBOUNCER, *(["-u", user] if user else []), str(file)]
    log = file.with_name("log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        until = time.monotonic() + _LIMIT
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PgBouncer did not start: {log.read_text(errors='replace')}")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_LIMIT)
        process.kill()
        process.wait(_LIMIT)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
