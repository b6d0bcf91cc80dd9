"""The versions of Prisma that run here, as the pinned Node packages name them."""

import json
from functools import cache

from prisma_wasm.toolchain import folders

MANIFEST = folders.PACKAGE / "npm" / "package.json"


def cli() -> str:
    """Return the version of Prisma's CLI."""
    return _pinned("prisma-cli").rpartition("@")[2]


def engine() -> str:
    """Return the commit of the schema engine, which the CLI hands to generators as its own."""
    return _pinned("@prisma/schema-engine-wasm").rpartition(".")[2]


def query_compiler() -> str:
    """Return the version of the query compiler."""
    return _pinned("@prisma/query-compiler-wasm")


@cache
def _dependencies() -> dict[str, str]:
    return json.loads(MANIFEST.read_bytes())["dependencies"]


def _pinned(package: str) -> str:
    return _dependencies()[package]
