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
from collections.abc import Generator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from prisma_wasm.toolchain import folders
from prisma_wasm.toolchain.progress import say

CACHE_VARIABLE = "PRISMA_BINARY_CACHE_DIR"
ENTRYPOINT = Path("node_modules", "prisma", "build", "index.js")

# Settings in [tool.prisma] that are true or false, and the words that upstream takes for these.
SWITCHES = {"use_nodejs_bin", "use_global_node"}
ON = {"1", "on", "t", "true", "y", "yes"}
OFF = {"0", "off", "f", "false", "n", "no"}

PLACEHOLDER = folders.PACKAGE / "upstream_placeholder.js"


def prepare_for_command() -> None:
    """Give upstream a cache folder of this environment, not one in the user's home.

    Only in the `prisma` command itself, or where the home can't be written to: applications that
    import `prisma` keep the environment they were started with, and so do their processes.
    """
    is_command = _is_prisma_command()
    if is_command:
        _refuse_broken_settings()
        if sys.argv[1:2] not in ([], ["py"]):
            sys.meta_path.insert(0, _NoClient())
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


@contextlib.contextmanager
def without_client() -> Generator[None]:
    """Inside, `import prisma` loads no generated client, as before the first `prisma generate`."""
    finder = _NoClient()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _NoClient:
    """The client is of no use to a command, takes a third of its import, and may be damaged."""

    def find_spec(self, name: str, _path: object, _target: object = None) -> None:
        """Prisma Client Python takes a module that is not found for "not generated yet"."""
        if name == "prisma.client":
            raise ModuleNotFoundError(name, name=name)


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


def settings(folder: Path) -> dict[str, Any]:
    """`[tool.prisma]` in the folder's pyproject.toml, which upstream reads too, without a look."""
    from prisma_wasm import config

    file = folder / "pyproject.toml"
    try:
        document = config.load(file)
    except OSError:
        return {}
    found = config.table_in(config.table_in(document, "tool", file), "prisma", file)
    for key in SWITCHES & found.keys():
        if not isinstance(found[key], bool) and str(found[key]).lower() not in {*ON, *OFF}:
            raise config.ConfigError(
                f"{file}: [tool.prisma] {key} must be true or false, not {found[key]!r}"
            )
    return found


def uses_nodejs_module(folder: Path) -> bool:
    """Whether upstream comes to us at all, read as it reads that, without loading it."""
    given = os.environ.get("PRISMA_USE_NODEJS_BIN", settings(folder).get("use_nodejs_bin", True))
    return str(given).lower() not in OFF


def _refuse_broken_settings() -> None:
    """Upstream would end with a traceback."""
    from prisma_wasm import config

    try:
        settings(Path.cwd())
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
