"""Where the Node side of the tool chain lies: the virtual environment, else a folder of the user's.

Those of the user's are the cache folder of Prisma Client Python, which Dockerfiles made for that
copy from one image to the next, and a cache of our own.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.upstream_settings import CACHE_VARIABLE, cache_folder

PACKAGE = Path(__file__).parent
LOCK = PACKAGE / "npm" / "package-lock.json"
OVERRIDE = "PRISMA_WASM_CACHE"
# Below one of these folders, what stands in for upstream's cache where that can't be used.
STAND_IN = "upstream-cache"


def in_environment() -> Path | None:
    """The folder inside this Python's virtual environment, when it runs in one."""
    if sys.prefix == sys.base_prefix:
        return None
    return Path(sys.prefix) / "share" / "prisma-wasm"


def in_upstream_cache() -> Path | None:
    """The folder in upstream's cache; none when there is no home."""
    # Our own stand-in for that cache, which the `prisma` command may have set, is none.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != CACHE_VARIABLE or Path(value).name != STAND_IN
    }
    try:
        cache = cache_folder(Path.cwd(), environment)
    except FileNotFoundError:  # the working directory was deleted
        return None
    return cache / "prisma-wasm" if cache else None


def in_user_cache() -> Path | None:
    """The folder in the user's cache; none when there is no home."""
    base = os.environ.get("XDG_CACHE_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "prisma-wasm"
    try:
        return Path.home() / ".cache" / "prisma-wasm"
    except RuntimeError:
        return None


@cache
def version_key() -> str:
    """Names the set of Node packages: another lock file gets another folder."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]


def candidates() -> list[Path]:
    """The folders that may hold the Node side, the preferred one first."""
    override = os.environ.get(OVERRIDE)
    if override:
        return [Path(override).expanduser().absolute()]
    return [*filter(None, (in_environment(), *of_user()))]


def of_user() -> list[Path]:
    """The folders that serve all environments of this user, the preferred one first."""
    return [*filter(None, (in_upstream_cache(), in_user_cache()))]


def searched() -> Iterator[Path]:
    """The folders to look in: all up to the first that can be written to.

    An environment does not use the caches behind it, which other machines and images do not have.
    """
    for folder in candidates():
        yield folder
        if can_write(folder):
            return


def writable() -> Path:
    """The first of the candidates that can be written to."""
    for folder in candidates():
        if can_write(folder):
            return folder
    tried = ", ".join(str(folder) for folder in candidates()) or "no folder (there is no home)"
    raise ToolchainError(
        f"The Node packages of the prisma command can't be stored: {tried} can't be written to.",
        mend=f"Set {OVERRIDE} to a folder that can be written to,"
        " or run `prisma-wasm install` as a user who may write to one of these.",
    )


def can_write(folder: Path) -> bool:
    """Whether this user can write to a folder, or make it."""
    existing = nearest(folder)
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder
