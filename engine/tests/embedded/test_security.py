"""Who can reach the data: only those who can read the password."""

import os
import socket
import stat
import subprocess
from pathlib import Path

import psutil
import pytest
from acting import LIMIT, command_line, query, server_pid

from prisma_wasm import embedded
from prisma_wasm.embedded.binaries import installed


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def connect(port: int, password: str | None) -> subprocess.CompletedProcess[str]:
    """Try to come in over TCP with a password, or with none."""
    environment = {} if password is None else {"PGPASSWORD": password}
    where = f"host=127.0.0.1 port={port} user=postgres dbname=app passfile=/dev/null"
    return subprocess.run(
        [installed().program("psql"), "-wXqAt", f"--dbname={where}", "-c", "SELECT 1"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


def test_only_the_password_lets_in(shared: Path) -> None:
    """Neither no password nor a wrong one is accepted, from this machine either."""
    server = embedded.ensure(shared)
    assert connect(server.port, server.password).stdout == "1\n"
    assert "no password supplied" in connect(server.port, None).stderr
    assert "password authentication failed" in connect(server.port, "wrong").stderr
    methods = "SELECT DISTINCT auth_method FROM pg_hba_file_rules"
    assert query(shared, methods) == "scram-sha-256"


def test_listens_on_loopback_alone(shared: Path) -> None:
    """No other address and no socket file leads to the server."""
    port = embedded.ensure(shared).port
    listening = [
        connection.laddr
        for connection in psutil.Process(server_pid(shared)).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert [tuple(address) for address in listening] == [("127.0.0.1", port)]
    assert query(shared, "SHOW unix_socket_directories") == ""


def test_files_are_private(folder: Path) -> None:
    """Others can read neither the data nor the password, whatever the umask."""
    before = os.umask(0)
    try:
        server = embedded.ensure(folder, database="app")
    finally:
        os.umask(before)
    assert mode(folder / "cluster") == 0o700
    # Where PostgreSQL is another user, that one may pass through, and see nothing.
    assert mode(folder) in (0o700, 0o711)
    for path in folder.iterdir():
        if path.is_file():
            assert mode(path) == 0o600, path
    assert server.password in (folder / "pgpass").read_text()


def test_password_is_in_no_command_line(shared: Path) -> None:
    """Command lines can be read by everybody."""
    password = embedded.ensure(shared).password
    assert password not in " ".join(embedded.psql_command(shared, "app"))
    command_lines = [" ".join(command_line(process)) for process in psutil.process_iter()]
    assert any(str(shared) in line for line in command_lines)
    assert not any(password in line for line in command_lines)


def test_environment_of_the_caller_stays_out(shared: Path) -> None:
    """PG* variables do not bend the server, and it gets none of the caller's secrets."""
    environment = psutil.Process(server_pid(shared)).environ()
    assert environment["LC_ALL"] == "C"
    assert "MY_SECRET" not in environment
    # The server sets some PG* variables for its own use, but none of these.
    assert not {"PGPORT", "PGHOST", "PGOPTIONS"} & environment.keys()
    assert query(shared, "SHOW search_path") == '"$user", public'


def test_planted_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    """A link where we keep a file does not lead our writing elsewhere."""
    folder.mkdir(parents=True)
    target = tmp_path / "target"
    target.write_text("untouched")
    (folder / "keeper.log").symlink_to(target)
    with pytest.raises(embedded.EmbeddedError, match=str(folder)):
        embedded.ensure(folder)
    assert target.read_text() == "untouched"


def test_port_is_not_taken_from_others(made: Path) -> None:
    """A server on all addresses of the machine is not shadowed on loopback."""
    folder = made
    port = embedded.ensure(folder, database="app").port
    embedded.stop(folder)
    with socket.create_server(("0.0.0.0", port)):  # noqa: S104 - that is what is tested
        assert embedded.ensure(folder).port != port
