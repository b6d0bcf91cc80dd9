"""Where Prisma Client Python meets the tool chain: its calls of node and npm, and its cache folder.

Its `prisma` command wants a file `<cache>/node_modules/prisma/build/index.js`, runs
`npm install prisma@...` in `<cache>` when there is none, and then runs that file under Node. Here
npm only writes a placeholder, and running the file, whatever it is, starts the launcher.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from prisma_wasm.toolchain import folders
from prisma_wasm.toolchain.progress import say

CACHE_VARIABLE = "PRISMA_BINARY_CACHE_DIR"
ENTRYPOINT = Path("node_modules", "prisma", "build", "index.js")

PLACEHOLDER = folders.PACKAGE / "upstream_placeholder.js"


def prepare_for_command() -> None:
    """Give upstream a cache folder of this environment, not one in the user's home.

    Only in the `prisma` command itself, or where the home can't be written to: applications that
    import `prisma` keep the environment they were started with, and so do their processes.
    """
    is_command = _is_prisma_command()
    if is_command:
        _refuse_broken_settings()
    if CACHE_VARIABLE in os.environ or not (is_command or not _is_home_usable()):
        return
    for root in folders.candidates():
        cache = cache_in(root)
        try:
            write_placeholder(cache, "prisma")
        except OSError:
            continue
        os.environ[CACHE_VARIABLE] = str(cache)
        return


def forget_cache(environment: dict[str, str]) -> None:
    """Take the cache folder out again: other environments' commands must not find it."""
    own = {str(cache_in(root)) for root in folders.candidates()}
    if environment.get(CACHE_VARIABLE) in own:
        del environment[CACHE_VARIABLE]


def cache_in(root: Path) -> Path:
    """The folder below `root` that stands in for upstream's cache."""
    return root / "upstream-cache"


def write_placeholder(cache: Path, package: str) -> None:
    """Make `cache` look as upstream wants it to look."""
    entrypoint = cache / ENTRYPOINT
    if entrypoint.exists():
        return
    entrypoint.parent.mkdir(parents=True, exist_ok=True)
    manifest = cache / "package.json"
    if not manifest.exists():
        manifest.write_text('{"private": true}\n', encoding="utf-8")
    staging = entrypoint.with_name(f".{os.getpid()}.js")
    text = PLACEHOLDER.read_text(encoding="utf-8").replace('"prisma@latest"', json.dumps(package))
    staging.write_text(text, encoding="utf-8")
    staging.replace(entrypoint)


def answer(
    program: str,
    args: list[str],
    *,
    check: bool = False,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    **options: Any,
) -> "subprocess.CompletedProcess[bytes] | None":
    """Upstream's two calls, answered; none for any other use of node and npm."""
    if (
        program == "npm"
        and len(args) == 2
        and args[0] == "install"
        and args[1].startswith("prisma@")
    ):
        write_placeholder(Path(cwd or Path.cwd()), args[1])
        return subprocess.CompletedProcess(args, 0, stdout=b"", stderr=b"")
    if (
        program == "node"
        and args
        and Path(args[0]).parts[-len(ENTRYPOINT.parts) :] == ENTRYPOINT.parts
    ):
        from prisma_wasm.toolchain import launcher

        code = launcher.run(args[1:], env=env, cwd=cwd, stdout=stdout, stderr=stderr)
        finished = subprocess.CompletedProcess[bytes](args, code)
        if check:
            finished.check_returncode()
        return finished
    return None


def _refuse_broken_settings() -> None:
    """Upstream reads pyproject.toml too, and would end with a traceback."""
    from prisma_wasm import config

    with contextlib.suppress(OSError):
        try:
            config.load(Path.cwd() / "pyproject.toml")
        except config.ConfigError as error:
            say(str(error))
            raise SystemExit(1) from None


def _is_prisma_command() -> bool:
    if Path(sys.argv[0]).stem == "prisma":
        return True
    words = sys.orig_argv
    return any(pair == ("-m", "prisma") for pair in pairwise(words))


def _is_home_usable() -> bool:
    try:
        home = Path.home()
    except RuntimeError:
        return False
    cache = home / ".cache"
    folder = cache if cache.exists() else home
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
