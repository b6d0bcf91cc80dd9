"""Writes a file as a new one: whole or not at all, never through a hard link into a cache."""

import os
import re
from pathlib import Path
from typing import Final

_STAGING: Final = re.compile(r"\..+\.(\d+)")


def write(path: Path, content: bytes) -> None:
    """Put `content` at `path`."""
    staging = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        staging.write_bytes(content)
        staging.chmod(0o644)
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)


def tidy(folder: Path) -> None:
    """Remove what writers left that were killed."""
    for path in folder.rglob(".*"):
        found = _STAGING.fullmatch(path.name)
        if found and not _runs(int(found[1])):
            path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
