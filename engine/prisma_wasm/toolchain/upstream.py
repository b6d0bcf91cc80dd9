"""What a process that imports Prisma Client Python needs of us: decided once, during that import.

Every application comes through here, so a module is loaded only where it is needed.
"""

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "PRISMA_BINARY_CACHE_DIR"
GENERATOR_VARIABLE = "PRISMA_GENERATOR_INVOCATION"  # set by the CLI for each generator
STARTED_BY_US = "PRISMA_WASM_PYTHON"  # set by the launcher for the CLI


def prepare() -> None:
    """Arrange what this process needs.

    Applications that import `prisma` keep the environment they were started with, and so do their
    processes: only the `prisma` command, generators, and processes without a usable home differ.
    """
    if os.environ.get(GENERATOR_VARIABLE):
        _prepare_generator()
    if _is_prisma_command():
        _prepare_command()
    elif CACHE_VARIABLE not in os.environ and not _is_home_usable():
        from prisma_wasm.toolchain import upstream_cache

        upstream_cache.prepare()


def expect_our_versions() -> None:
    """Set the versions of the CLI here, the only ones whose schema upstream then accepts."""
    from prisma_wasm.toolchain import versions

    os.environ["PRISMA_VERSION"] = versions.cli()
    os.environ["PRISMA_EXPECTED_ENGINE_VERSION"] = versions.engine()


def _prepare_generator() -> None:
    """Let custom generators accept our CLI, and upstream's own hand over to ours.

    The variables are set here, and not for all that the CLI starts: in an environment without us
    upstream's generator must go on to refuse this CLI.
    """
    from prisma_wasm.toolchain import substitutes

    sys.meta_path.insert(0, substitutes.OwnGenerator())
    if STARTED_BY_US in os.environ:
        expect_our_versions()


def _prepare_command() -> None:
    from prisma_wasm.toolchain import substitutes, upstream_cache

    _refuse_broken_settings()
    sys.meta_path.insert(0, substitutes.OwnCommands())
    if sys.argv[1:2] not in ([], ["py"]):
        sys.meta_path.insert(0, substitutes.NoClient())
    upstream_cache.prepare()


def _refuse_broken_settings() -> None:
    """Upstream would end with a traceback."""
    from prisma_wasm import config
    from prisma_wasm.toolchain import progress, upstream_settings

    try:
        upstream_settings.settings(Path.cwd())
    except config.ConfigError as error:
        progress.say(str(error))
        raise SystemExit(1) from None


def _is_prisma_command() -> bool:
    """Whether this process is `prisma ...` or `python -m prisma ...`."""
    program = sys.argv[0] if sys.argv else ""
    if program != "-m":
        return Path(program).stem == "prisma"
    # While Python looks for the module of `-m` it has not put the file's name there yet. The module
    # is the last word before the arguments; `-m prisma` among these is some other program's.
    words = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv) + 1]
    return words[-1] in ("prisma", "-mprisma")


def _is_home_usable() -> bool:
    try:
        home = Path.home()
    except RuntimeError:
        return False
    cache = home / ".cache"
    folder = cache if cache.exists() else home
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
