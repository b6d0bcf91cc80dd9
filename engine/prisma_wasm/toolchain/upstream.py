"""Where Prisma Client Python meets the tool chain: its calls of node and npm, and its cache folder.

Its `prisma` command wants a file `<cache>/node_modules/prisma/build/index.js`, runs `npm install prisma@...` in
`<cache>` when there is none, and then runs that file under Node. Here npm only writes a placeholder, and
running the file, whatever it is, starts the launcher.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from prisma_wasm.toolchain import folders

CACHE_VARIABLE = "PRISMA_BINARY_CACHE_DIR"
ENTRYPOINT = Path("node_modules", "prisma", "build", "index.js")

# Only who runs this environment's `prisma` gets here through us. Another project of the same user, with the
# engine binaries and without prisma-wasm, may find the placeholder in the cache that both share: there it makes
# room for the real package, as if it had never been.
PLACEHOLDER = """\
// Written by prisma-wasm, whose `prisma` command does not need this file's contents.
// Prisma Client Python without prisma-wasm, sharing this folder, gets the real CLI installed here.
const { spawnSync } = require("node:child_process");
const { rmSync } = require("node:fs");
const { join } = require("node:path");
const folder = join(__dirname, "..", "..", "..");
rmSync(join(folder, "node_modules", "prisma"), { recursive: true, force: true });
const installed = spawnSync("npm", ["install", "--no-audit", "--no-fund", %(package)s], { cwd: folder, stdio: ["ignore", 2, 2] });
if (installed.status !== 0) process.exit(installed.status ?? 1);
const run = spawnSync(process.execPath, [__filename, ...process.argv.slice(2)], { stdio: "inherit" });
process.exit(run.status ?? 1);
"""


def prepare_for_command() -> None:
    """Give upstream a cache folder of this environment, where it would otherwise write to the user's home.

    Only in the `prisma` command itself, or where the home can't be written to: applications that import
    `prisma` keep the environment they were started with, and so do the processes that they start.
    """
    if CACHE_VARIABLE in os.environ or not (_is_prisma_command() or not _is_home_usable()):
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
    staging.write_text(PLACEHOLDER % {"package": json.dumps(package)}, encoding="utf-8")
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


def _is_prisma_command() -> bool:
    if Path(sys.argv[0]).stem == "prisma":
        return True
    words = sys.orig_argv
    return any(pair == ("-m", "prisma") for pair in zip(words, words[1:], strict=False))


def _is_home_usable() -> bool:
    try:
        home = Path.home()
    except RuntimeError:
        return False
    cache = home / ".cache"
    return os.access(cache if cache.exists() else home, os.W_OK | os.X_OK)
