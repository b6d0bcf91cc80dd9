"""Prepares the npm packages of the tool chain, whole or not at all, once for each lock file."""

import contextlib
import errno
import json
import os
import re
import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

from prisma_wasm.toolchain import folders, node, shared, upstream_cache
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.locking import locked
from prisma_wasm.toolchain.staging import Staging
from prisma_wasm.toolchain.steps import run_step

MANIFESTS = ("package.json", "package-lock.json")
# An archive in npm's log: of a request, or of a look into its cache.
ARCHIVE = re.compile(r"^npm http .*?(\S+\.tgz)", re.MULTILINE)
INSTALL_SECONDS = 900
TOUCH_EVERY_SECONDS = 24 * 3600
MEND = (
    "See that the npm registry can be reached and run `prisma-wasm install`;"
    " `prisma-wasm doctor` says what else is missing."
)


def prepared() -> Path | None:
    """The folder with the packages, if it is there."""
    for root in folders.searched():
        folder = root / folders.version_key()
        if shared.is_whole(folder):
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
    root, name = folders.writable(), folders.version_key()
    using = node.find()
    npm = node.npm_command(using)
    try:
        with locked(root):
            if again or not shared.is_whole(root / name):
                build = partial(_install_into, using, npm)
                shared.provide(root, name, build, what="the Node packages", again=again)
            # A command of a user without a home, in an image that is read-only, needs it too.
            upstream_cache.write_stand_in(root)
            if root == folders.in_environment():
                _clean_old(root, root / name)
    except OSError as error:
        raise _explain(error, root) from error
    return root / name


def _install_into(using: node.Node, npm: list[str], place: Staging) -> None:
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
            "--loglevel=http",
        ],
        limit=INSTALL_SECONDS,
        mend=MEND,
        cwd=place.work,
        env=_npm_environment(using),
        # npm goes on, and ends with 0, when it can't unpack a file.
        fails_on=("TAR_ENTRY_ERROR",),
        detail=lambda written: how_far(written, total),
        place=place,
    )
    _check_whole(place.work)


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


def how_far(written: str, total: int) -> str:
    """Count the packages that npm's log names as fetched, or found in its own cache."""
    fetched = len(set(ARCHIVE.findall(written)))
    return f"{min(fetched, total)} of {total} packages fetched"


def _clean_old(root: Path, current: Path) -> None:
    """Remove packages of other versions: an environment has one, the user's folder several."""
    for stamp in root.glob(f"[0-9a-f]*/{shared.MANIFEST}"):
        if stamp.parent != current:
            shutil.rmtree(stamp.parent, ignore_errors=True)


def _note_use(folder: Path) -> None:
    stamp = folder / shared.MANIFEST
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
