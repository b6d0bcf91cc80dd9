"""The small executables that the Prisma CLI starts by name: the engines and the generator."""

import os
import shutil
from pathlib import Path

from prisma_wasm.toolchain import folders

ENGINES = folders.PACKAGE / "schema_engine"
GENERATORS = folders.PACKAGE / "bin"
ENGINE_NAMES = ("schema-engine", "query-engine")
GENERATOR_NAMES = ("prisma-client-py", "prisma-wasm")


def engines(packages: Path) -> Path:
    """The folder of `schema-engine` and `query-engine`."""
    return _executable(ENGINES, ENGINE_NAMES, packages / "engines")


def generators(packages: Path) -> Path:
    """The folder to put first on PATH, so that a schema's provider finds our generator."""
    return _executable(GENERATORS, GENERATOR_NAMES, packages / "generators")


def _executable(folder: Path, names: tuple[str, ...], copies: Path) -> Path:
    """The packaged scripts; copies of them where an installer has dropped executable bits."""
    if all(os.access(folder / name, os.X_OK) for name in names):
        return folder
    copies.mkdir(exist_ok=True)
    for name in names:
        staging = copies / f".{name}-{os.getpid()}"
        shutil.copyfile(folder / name, staging)
        staging.chmod(0o755)
        staging.replace(copies / name)
    return copies
