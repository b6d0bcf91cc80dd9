"""Where the Node side of the tool chain lies: the virtual environment, else the user's cache."""

import hashlib
import os
import sys
from functools import cache
from pathlib import Path

from prisma_wasm.toolchain.errors import ToolchainError

PACKAGE = Path(__file__).parent
LOCK = PACKAGE / "npm" / "package-lock.json"
OVERRIDE = "PRISMA_WASM_CACHE"


def in_environment() -> Path | None:
    """The folder inside this Python's virtual environment, when it runs in one."""
    if sys.prefix == sys.base_prefix:
        return None
    return Path(sys.prefix) / "share" / "prisma-wasm"


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
    return [folder for folder in (in_environment(), in_user_cache()) if folder is not None]


def writable() -> Path:
    """The first of the candidates that can be written to."""
    for folder in candidates():
        if _can_write(folder):
            return folder
    tried = ", ".join(str(folder) for folder in candidates()) or "no folder (there is no home)"
    raise ToolchainError(
        f"The Node packages of the prisma command can't be stored: {tried} can't be written to.",
        mend=f"Set {OVERRIDE} to a folder that can be written to,"
        " or run `prisma-wasm install` as a user who may write to one of these.",
    )


def _can_write(folder: Path) -> bool:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
