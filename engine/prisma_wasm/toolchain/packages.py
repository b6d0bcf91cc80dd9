"""Prepares the npm packages of the tool chain, whole or not at all, once for each lock file."""

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prisma_wasm.toolchain import folders, node
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.locking import locked
from prisma_wasm.toolchain.staging import staging
from prisma_wasm.toolchain.steps import run_step

MANIFESTS = ("package.json", "package-lock.json")
STAMP = ".prepared"
INSTALL_SECONDS = 900
UNUSED_SECONDS = 60 * 24 * 3600
TOUCH_EVERY_SECONDS = 24 * 3600
MEND = (
    "See that the npm registry can be reached and run `prisma-wasm install`;"
    " `prisma-wasm doctor` says what else is missing."
)


def prepared() -> Path | None:
    """The folder with the packages, if it is there."""
    for root in folders.candidates():
        folder = root / folders.version_key()
        if (folder / STAMP).is_file():
            return folder
    return None


def prepare() -> Path:
    """The folder with the packages, installed when they are missing."""
    folder = prepared()
    if folder is None:
        folder = install()
    _note_use(folder)
    return folder


def install(*, again: bool = False) -> Path:
    """Install the packages that the lock file names; `again` replaces those that are there."""
    root = folders.writable()
    target = root / folders.version_key()
    try:
        with locked(root):
            if again or not (target / STAMP).is_file():
                _install_into(root, target)
            _clean_old(root, target)
    except OSError as error:
        raise _explain(error, root) from error
    return target


def _install_into(root: Path, target: Path) -> None:
    using = node.find_under_lock(root)
    npm = node.npm_command(using)
    with staging(root) as place:
        for name in MANIFESTS:
            shutil.copyfile(folders.PACKAGE / "npm" / name, place.work / name)
        total = folders.LOCK.read_text(encoding="utf-8").count('"node_modules/')
        run_step(
            "Installing the Node packages of the prisma command",
            [
                *npm,
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--no-progress",
                "--loglevel=warn",
            ],
            limit=INSTALL_SECONDS,
            mend=MEND,
            cwd=place.work,
            env=_npm_environment(using),
            fails_on=(
                "TAR_ENTRY_ERROR",
            ),  # npm goes on, and ends with 0, when it can't unpack a file
            detail=lambda: _how_far(place.work, total),
            place=place,
        )
        _check_whole(place.work)
        (place.work / STAMP).write_text(f"{folders.version_key()}\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        place.work.rename(target)


def _check_whole(folder: Path) -> None:
    """Every package that the lock file names is there, but those of other platforms."""
    lock: dict[str, Any] = json.loads(folders.LOCK.read_bytes())
    for place, package in lock["packages"].items():
        if (
            place
            and not package.get("optional")
            and not (folder / place / "package.json").is_file()
        ):
            raise ToolchainError(f"npm ended well, but {place} is missing.", mend=MEND)


def _npm_environment(using: node.Node) -> dict[str, str]:
    """Node first on PATH; a network that is away is noticed soon, unless the user wants else."""
    environment = dict(os.environ)
    environment["PATH"] = f"{using.executable.parent}{os.pathsep}{environment.get('PATH', '')}"
    environment.setdefault("npm_config_fetch_retry_mintimeout", "1000")
    environment.setdefault("npm_config_fetch_retry_maxtimeout", "5000")
    environment.setdefault("npm_config_update_notifier", "false")
    # A Node from PyPI trusts its own list of certificates; a company's is only in the system's.
    environment.setdefault("NODE_USE_SYSTEM_CA", "1")
    environment.setdefault("npm_config_prefer_offline", "true")
    return environment


def _how_far(folder: Path, total: int) -> str:
    """npm fetches everything first and then unpacks it, in no time."""
    unpacked = sum(1 for _ in _packages(folder / "node_modules"))
    return f"{unpacked} of {total} packages" if unpacked else f"fetching {total} packages"


def _packages(modules: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        for entry in modules.iterdir():
            if entry.name.startswith("@"):
                yield from (inner for inner in entry.iterdir() if not inner.name.startswith("."))
            elif not entry.name.startswith("."):
                yield entry


def _clean_old(root: Path, current: Path) -> None:
    """Packages of other versions: an environment has one, a user's cache may serve several."""
    own = root == folders.in_environment()
    for stamp in root.glob(f"*/{STAMP}"):
        unused = time.time() - stamp.stat().st_mtime > UNUSED_SECONDS
        if stamp.parent != current and (own or unused):
            shutil.rmtree(stamp.parent, ignore_errors=True)


def _note_use(folder: Path) -> None:
    stamp = folder / STAMP
    with contextlib.suppress(OSError):
        if time.time() - stamp.stat().st_mtime > TOUCH_EVERY_SECONDS:
            os.utime(stamp)


def _explain(error: OSError, root: Path) -> ToolchainError:
    reason = error.strerror or error
    what = f"The Node packages of the prisma command can't be stored in {root}: {reason}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ToolchainError(what, mend="Free some disk space and run this again.")
    return ToolchainError(
        what, mend=f"Set {folders.OVERRIDE} to a folder that can be written to and run this again."
    )
