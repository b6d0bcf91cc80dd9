"""The operating system's user that PostgreSQL runs as, since it refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedError

_PROBE_LIMIT = 20.0


@dataclass(frozen=True)
class Account:
    """A user and group for PostgreSQL's processes and for the files of its cluster."""

    uid: int
    gid: int
    # None for a number that the machine has no name for, as in some containers.
    name: str | None

    @property
    def is_self(self) -> bool:
        return self.uid == os.geteuid()

    # What subprocess takes; None leaves everything as it is, which needs no rights.
    @property
    def user(self) -> int | None:
        return None if self.is_self else self.uid

    @property
    def group(self) -> int | None:
        return None if self.is_self else self.gid

    @property
    def extra_groups(self) -> list[int] | None:
        return None if self.is_self else []

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if not self.is_self:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can(self, script: str, path: Path | str) -> bool:
        """Whether a line of shell, with the path as `$1`, succeeds as this user.

        Asking the kernel through a real process is right for access lists and mounts too.
        """
        try:
            done = subprocess.run(  # noqa: S603 - a fixed script
                ["/bin/sh", "-c", script, "sh", str(path)],
                cwd="/",
                env=process_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_PROBE_LIMIT,
                user=self.user,
                group=self.group,
                extra_groups=self.extra_groups,
            )
        except (PermissionError, ValueError) as error:
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and this process may not become the user"
                f" {self.name}: {error}. Run it as another user, or set DATABASE_URL."
            ) from error
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def process_environment() -> dict[str, str]:
    """The environment of PostgreSQL's programs: no PG* variable and no secret of the caller."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
        if name in os.environ
    }
    return {"PATH": os.defpath, **kept, "LC_ALL": "C", "TZ": "UTC"}


def account_for(folder: Path) -> Account:
    """Ourselves; for root the folder's owner, or `nobody` where that is root or has no name."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), name_of(os.geteuid()))
    owner = nearest_existing(folder).stat()
    if owner.st_uid != 0 and (name := name_of(owner.st_uid)):
        return Account(owner.st_uid, owner.st_gid, name)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and this machine has no user `nobody` to run it for"
            f" {folder}. Give the project's folder to another user, or set DATABASE_URL."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid, "nobody")


def nearest_existing(path: Path) -> Path:
    """The path itself, or the first of its parents that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def name_of(uid: int) -> str | None:
    """The login name of a user id, if it has one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
