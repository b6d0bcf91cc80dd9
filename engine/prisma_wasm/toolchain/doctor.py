"""Looks at everything that the `prisma` command and the client need, and says how to mend it."""

import importlib.metadata
from collections.abc import Iterator
from importlib import util
from pathlib import Path

from prisma_wasm import config
from prisma_wasm.toolchain import folders, node, packages, project_check, upstream_settings
from prisma_wasm.toolchain.finding import Finding

UPSTREAM = "0.15"


def examine(cwd: Path, *, schema_argument: str | None) -> list[Finding]:
    """All findings for the machine, the environment and the project in `cwd`."""
    tools = [_node(), _packages(), _client_library(), *_nodejs_module(cwd)]
    return [*tools, *project_check.examine(cwd, schema_argument=schema_argument)]


def _node() -> Finding:
    found = node.known()
    if found is None:
        mend = "The first `prisma` command, or `prisma-wasm install`, gets one from PyPI."
        return Finding(False, "Node", "none of 18.18 or newer", mend)
    return Finding(True, "Node", f"{found.executable} (from {found.origin})")


def _packages() -> Finding:
    found = packages.prepared()
    if found is None:
        where = " or ".join(str(folder) for folder in folders.candidates())
        return Finding(False, "Node packages", f"not in {where}", "Run `prisma-wasm install`.")
    return Finding(True, "Node packages", str(found))


def _client_library() -> Finding:
    try:
        found = importlib.metadata.version("prisma")
    except importlib.metadata.PackageNotFoundError:
        return Finding(False, "Prisma Client Python", "not installed", "Run `pip install prisma`.")
    if not found.startswith(f"{UPSTREAM}."):
        mend = f"Run `pip install 'prisma=={UPSTREAM}.*'`."
        return Finding(False, "Prisma Client Python", f"version {found}", mend)
    return Finding(True, "Prisma Client Python", found)


def _nodejs_module(cwd: Path) -> Iterator[Finding]:
    """Our way into the `prisma` command is a module named nodejs; another package has one too."""
    subject = "Hook into `prisma`"
    spec = util.find_spec("nodejs")
    ours = folders.PACKAGE.parent.parent / "nodejs" / "__init__.py"
    if _is_installed("nodejs-bin"):
        mend = (
            "Run `pip uninstall nodejs-bin`, then `pip install --force-reinstall --no-deps"
            " prisma-wasm`: both have a module named nodejs."
        )
        yield Finding(False, subject, "the nodejs-bin package is installed as well", mend)
    elif spec is None or spec.origin is None or Path(spec.origin).resolve() != ours.resolve():
        mend = "Run `pip install --force-reinstall --no-deps prisma-wasm`."
        yield Finding(False, subject, f"`nodejs` is {spec.origin if spec else 'missing'}", mend)
    else:
        yield Finding(True, subject, str(ours.parent))
    try:
        passes_by = not upstream_settings.uses_nodejs_module(cwd)
    except config.ConfigError as error:
        yield Finding(False, "Settings", str(error), "Mend that setting.")
        return
    if passes_by:
        mend = "Take use_nodejs_bin out of [tool.prisma], and PRISMA_USE_NODEJS_BIN with it."
        yield Finding(False, subject, "use_nodejs_bin = false passes it by", mend)


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
