"""The environment that the Prisma CLI runs in: engines, silence, DIRECT_URL and the embedded database."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from prisma_wasm.toolchain import dotenv, programs, schema_files, upstream
from prisma_wasm.toolchain.arguments import CommandLine
from prisma_wasm.toolchain.node import Node

# A server of the project's own is not started for commands that only read the schema; they want a URL all the same.
NOT_STARTED = "postgresql://embedded@localhost:5432/embedded"


def for_command(
    command: CommandLine, base: Mapping[str, str], *, cwd: Path, node: Node, packages: Path
) -> dict[str, str]:
    """`base` with everything that the CLI needs."""
    environment = {**base, **_tool_chain(base, node, packages), **_silence()}
    upstream.forget_cache(environment)
    environment.update(_database_urls(command, environment, cwd))
    return environment


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


def _database_urls(
    command: CommandLine, environment: Mapping[str, str], cwd: Path
) -> dict[str, str]:
    """URLs that the project leaves open: the embedded database's, and a directUrl equal to the url."""
    schema = schema_files.find(cwd=cwd, argument=command.schema)
    datasource = schema.datasource() if schema else None
    if schema is None or datasource is None:
        return {}
    url, direct = datasource.variable("url"), datasource.variable("directUrl")
    embedded = url is not None and not environment.get(url) and _is_embedded(cwd, schema)
    if not embedded and (direct is None or environment.get(direct)):
        return {}
    seen = dotenv.variables(environment, cwd=cwd, schema_argument=command.schema)
    given: dict[str, str] = {}
    if embedded and url is not None and not seen.get(url):
        given[url] = _embedded_url(cwd, schema) if command.uses_database() else NOT_STARTED
    if direct is not None and not seen.get(direct):
        value = given.get(url or "") or seen.get(url or "") or datasource.text("url")
        if value:
            given[direct] = value
    return given


def _is_embedded(cwd: Path, schema: schema_files.Schema) -> bool:
    return False


def _embedded_url(cwd: Path, schema: schema_files.Schema) -> str:
    raise NotImplementedError
