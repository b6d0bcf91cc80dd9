"""`[tool.prisma]` of pyproject.toml, which Prisma Client Python reads, without loading that."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from prisma_wasm import config

CACHE_VARIABLE = "PRISMA_BINARY_CACHE_DIR"
# Upstream's defaults, which name its cache folder.
UPSTREAM_CLI = "5.17.0"
UPSTREAM_ENGINE = "393aa359c9ad4a4bb28630fb5613f9c281cde053"
# Settings that are true or false, and the words that upstream takes for these.
SWITCHES = {"use_nodejs_bin", "use_global_node"}
ON = {"1", "on", "t", "true", "y", "yes"}
OFF = {"0", "off", "f", "false", "n", "no"}


def settings(folder: Path) -> dict[str, Any]:
    """Read `[tool.prisma]` in the folder's pyproject.toml; upstream looks in no folder above."""
    file = folder / "pyproject.toml"
    try:
        document = _read(file, file.stat().st_mtime_ns)
    except OSError:
        return {}
    found = config.table_in(config.table_in(document, "tool", file), "prisma", file)
    for key in SWITCHES & found.keys():
        if not isinstance(found[key], bool) and str(found[key]).lower() not in {*ON, *OFF}:
            raise config.ConfigError(
                f"{file}: [tool.prisma] {key} must be true or false, not {found[key]!r}"
            )
    return found


@lru_cache(maxsize=8)
def _read(file: Path, _changed_ns: int) -> dict[str, Any]:
    return config.load(file)


def uses_nodejs_module(folder: Path) -> bool:
    """Whether upstream comes to us at all."""
    given = os.environ.get("PRISMA_USE_NODEJS_BIN", settings(folder).get("use_nodejs_bin", True))
    return str(given).lower() not in OFF


def cache_folder(folder: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the cache folder that upstream uses when started in `folder`; none without a home.

    Dockerfiles for upstream copy it from one image to the next.
    """
    try:
        given = settings(folder)
    except config.ConfigError:
        given = {}

    def value(variable: str, key: str, default: str) -> str:
        return environment.get(variable) or str(given.get(key, default))

    if named := value(CACHE_VARIABLE, "binary_cache_dir", ""):
        return folder / named
    try:
        home = value("PRISMA_HOME_DIR", "home_dir", str(Path.home()))
    except RuntimeError:
        return None
    cli = value("PRISMA_VERSION", "prisma_version", UPSTREAM_CLI)
    engine = value("PRISMA_EXPECTED_ENGINE_VERSION", "expected_engine_version", UPSTREAM_ENGINE)
    return folder / home / ".cache" / "prisma-python" / "binaries" / cli / engine
