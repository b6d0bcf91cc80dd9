"""A PostgreSQL server that speaks TLS, and the certificates that its clients may have."""

import contextlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from tls_server import OPENSSL

from prisma_wasm.embedded.account import Account, account_for
from prisma_wasm.embedded.process import answers, free_port

_LIMIT = 60.0
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
PASSWORD = "secret"

# Who may come how: the server's pg_hba.conf.
_RULES = """
hostssl   all certified  127.0.0.1/32 trust clientcert=verify-full
hostssl   all tls_only   127.0.0.1/32 trust
hostnossl all plain_only 127.0.0.1/32 trust
host      all anyone     127.0.0.1/32 trust
"""
_ROLES = """
CREATE ROLE certified SUPERUSER LOGIN;
CREATE ROLE tls_only LOGIN;
CREATE ROLE plain_only LOGIN;
CREATE ROLE anyone LOGIN;
"""


def programs() -> Path | None:
    """Return the folder of a PostgreSQL server that can speak TLS, or None; the embedded can't."""
    found = [Path(name).resolve().parent for name in [shutil.which("postgres")] if name]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and b"SSL is not supported by this build" not in (
            folder / "postgres"
        ).read_bytes():
            return folder
    return None


@dataclass(frozen=True)
class TlsServer:
    """A server whose certificate is for `localhost`, signed by `ca.crt` in `folder`.

    `folder` has more files, which a client may name in its URL: `client.crt` and `client.key` for
    the role `certified`, `client.p12` of both, `locked.key` with a password, and what another
    authority signed: `other_ca.crt`, `other.crt` and `other.key`.
    """

    port: int
    folder: Path

    def url(self, user: str, host: str, query: str) -> str:
        words = query.replace("{", f"{self.folder}/").replace("}", "")
        return f"postgresql://{user}@{host}:{self.port}/postgres?{words}&connect_timeout=60"


def _openssl(folder: Path, *words: str) -> None:
    assert OPENSSL is not None
    subprocess.run([OPENSSL, *words], cwd=folder, check=True, capture_output=True, timeout=_LIMIT)


def _make_authority(folder: Path, name: str) -> None:
    _openssl(
        folder, "req", "-x509", *_KEY, "-nodes", "-days", "2", "-subj", f"/CN={name}",
        "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        "-keyout", f"{name}.key", "-out", f"{name}.crt",
    )  # fmt: skip


def _make_signed(folder: Path, name: str, subject: str, authority: str) -> None:
    (folder / f"{name}.ext").write_text("subjectAltName=DNS:localhost\n")
    _openssl(
        folder, "req", "-new", *_KEY, "-nodes", "-subj", f"/CN={subject}",
        "-keyout", f"{name}.key", "-out", f"{name}.csr",
    )  # fmt: skip
    _openssl(
        folder, "x509", "-req", "-in", f"{name}.csr", "-days", "2", "-extfile", f"{name}.ext",
        "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial",
        "-out", f"{name}.crt",
    )  # fmt: skip


def _make_certificates(folder: Path) -> None:
    for authority in ("ca", "other_ca"):
        _make_authority(folder, authority)
    _make_signed(folder, "server", "localhost", "ca")
    _make_signed(folder, "client", "certified", "ca")
    _make_signed(folder, "other", "certified", "other_ca")
    _openssl(
        folder, "pkcs12", "-export", "-inkey", "client.key", "-in", "client.crt",
        "-out", "client.p12", "-passout", f"pass:{PASSWORD}",
    )  # fmt: skip
    _openssl(
        folder, "pkcs8", "-topk8", "-in", "client.key", "-out", "locked.key",
        "-passout", f"pass:{PASSWORD}",
    )  # fmt: skip


@contextlib.contextmanager
def tls_server(bin_folder: Path) -> Generator[TlsServer]:
    """Run a server in a temporary folder of its own, with fresh certificates."""
    folder = Path(tempfile.mkdtemp(prefix="prisma-wasm-tls-", dir="/tmp"))
    account = account_for(folder)
    account.own(folder)
    folder.chmod(0o755)
    try:
        _make_certificates(folder)
        server = TlsServer(free_port(), folder)
        data = _initialize(bin_folder, folder, account)
        with _running(bin_folder, data, account, server.port):
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialize(bin_folder: Path, folder: Path, account: Account) -> Path:
    data = folder / "data"
    _run(account, bin_folder / "initdb", f"--pgdata={data}", "--username=postgres", "--no-sync")
    (data / "pg_hba.conf").write_text(_RULES)
    for name in ("server.crt", "server.key", "ca.crt"):
        copy = data / name
        shutil.copyfile(folder / name, copy)
        copy.chmod(0o600)
        account.own(copy)
    roles = folder / "roles.sql"
    roles.write_text(_ROLES)
    single = [str(bin_folder / "postgres"), "--single", "-j", "-D", str(data), "postgres"]
    with roles.open() as script:
        subprocess.run(
            single, stdin=script, check=True, capture_output=True, timeout=_LIMIT,
            user=account.user, group=account.group, extra_groups=account.extra_groups, cwd="/",
        )  # fmt: skip
    return data


def _run(account: Account, program: Path, *words: str) -> None:
    subprocess.run(
        [str(program), *words], check=True, capture_output=True, timeout=_LIMIT, cwd="/",
        user=account.user, group=account.group, extra_groups=account.extra_groups,
    )  # fmt: skip


@contextlib.contextmanager
def _running(bin_folder: Path, data: Path, account: Account, port: int) -> Generator[None]:
    settings = {
        "ssl": "on",
        "ssl_cert_file": "server.crt",
        "ssl_key_file": "server.key",
        "ssl_ca_file": "ca.crt",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
    }
    words = [f"-c{name}={value}" for name, value in settings.items()]
    with (data.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(bin_folder / "postgres"), "-D", str(data), "-p", str(port), *words],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
            user=account.user, group=account.group, extra_groups=account.extra_groups,
        )  # fmt: skip
    try:
        ends = time.monotonic() + _LIMIT
        while not answers(port):
            assert process.poll() is None, (data.parent / "log").read_text()
            assert time.monotonic() < ends, "the server did not start in time"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LIMIT)
