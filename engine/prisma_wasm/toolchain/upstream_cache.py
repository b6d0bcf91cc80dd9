"""The cache folder of Prisma Client Python: what it wants to find there, and where it is.

Its `prisma` command wants a file `<cache>/node_modules/prisma/build/index.js`. Build scripts also
look for engine binaries there, to copy them into an image; what they find says that none is needed.
"""

import json
import os
import subprocess
from pathlib import Path

from prisma_wasm.toolchain import folders
from prisma_wasm.toolchain.upstream_settings import CACHE_VARIABLE, UPSTREAM_CLI, cache_folder

ENTRYPOINT = Path("node_modules", "prisma", "build", "index.js")
PLACEHOLDER = folders.PACKAGE / "upstream_placeholder.js"
ENGINE_PLACEHOLDER = """\
#!/bin/sh
# Stands where Prisma Client Python keeps this engine, for scripts that copy it.
echo "prisma-wasm runs without engine binaries; this file is none, and nothing needs it." >&2
exit 1
"""


def prepare() -> None:
    """Have what upstream looks for in its cache, or give this process another, usable one."""
    usual = cache_folder(Path.cwd(), os.environ)
    if usual is not None and _is_usable(usual):
        return
    for own in _own():
        if _is_usable(own):
            os.environ[CACHE_VARIABLE] = str(own)
            return


def forget(environment: dict[str, str]) -> None:
    """Take our own cache folder out again: other environments' commands must not find it."""
    if environment.get(CACHE_VARIABLE) in [str(folder) for folder in _own()]:
        del environment[CACHE_VARIABLE]


def write_stand_in(root: Path) -> None:
    """Write what stands in for upstream's cache below one of our folders."""
    write_placeholder(root / folders.STAND_IN, f"prisma@{UPSTREAM_CLI}")


def _own() -> list[Path]:
    """The folders that may stand in for upstream's cache, where that can't be used."""
    return [root / folders.STAND_IN for root in folders.candidates()]


def write_placeholder(cache: Path, package: str) -> None:
    """Make `cache` look as upstream wants it to look."""
    entrypoint = cache / ENTRYPOINT
    if entrypoint.exists():
        return
    entrypoint.parent.mkdir(parents=True, exist_ok=True)
    manifest = cache / "package.json"
    if not manifest.exists():
        manifest.write_text('{"private": true}\n', encoding="utf-8")
    for engine in _engines(cache):
        engine.parent.mkdir(parents=True, exist_ok=True)
        _write(engine, ENGINE_PLACEHOLDER, mode=0o755)
    text = PLACEHOLDER.read_text(encoding="utf-8").replace('"prisma@latest"', json.dumps(package))
    _write(entrypoint, text, mode=0o644)


def _is_usable(cache: Path) -> bool:
    try:
        write_placeholder(cache, f"prisma@{UPSTREAM_CLI}")
    except OSError:
        return False
    return True


def _engines(cache: Path) -> list[Path]:
    """The places of the engines that 5.17 downloads for this machine."""
    from prisma.binaries.platform import binary_platform

    try:
        platform = binary_platform()
    # It runs `openssl`, which not every image has; tests of applications may replace `run`.
    except (OSError, subprocess.SubprocessError, TypeError):
        platform = "debian-openssl-3.0.x"
    modules = cache / "node_modules"
    return [
        modules / "prisma" / f"query-engine-{platform}",
        modules / "@prisma" / "engines" / f"schema-engine-{platform}",
    ]


def _write(file: Path, text: str, *, mode: int) -> None:
    if file.exists():
        return
    staging = file.with_name(f".{os.getpid()}.{file.name}")
    staging.write_text(text, encoding="utf-8")
    staging.chmod(mode)
    staging.replace(file)
