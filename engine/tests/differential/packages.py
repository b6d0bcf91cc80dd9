"""The oracle's npm packages, installed once for each version of its lock file."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from prisma_wasm.toolchain import node
from prisma_wasm.toolchain.locking import locked

_FOLDER: Final = Path(__file__).parent / "oracle"
_MANIFESTS: Final = ("package.json", "package-lock.json")
_SECONDS: Final = 300


def installed() -> Path:
    """The folder that has the packages; its name says which."""
    lock_file = (_FOLDER / "package-lock.json").read_bytes()
    target = _cache() / hashlib.sha256(lock_file).hexdigest()[:16]
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent):
            if not target.is_dir():
                _install(target)
    return target


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "prisma-wasm-tests"


def _install(target: Path) -> None:
    staging = target.with_name(f"{target.name}.{os.getpid()}")
    staging.mkdir()
    try:
        for name in _MANIFESTS:
            shutil.copy(_FOLDER / name, staging)
        npm = [*node.npm_command(node.find()), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(npm, cwd=staging, capture_output=True, text=True, timeout=_SECONDS)
        assert done.returncode == 0, f"npm ci: {done.stderr}"
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
