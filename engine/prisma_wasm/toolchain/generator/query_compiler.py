"""Puts the query compiler beside a generated client, which loads it from there.

As a WASM module, and as the machine code that this machine runs, so that nothing is compiled when a
service starts.
"""

import os
from pathlib import Path

from prisma_wasm.compiler import module
from prisma_wasm.toolchain import packages
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.generator import files
from prisma_wasm.toolchain.generator.placed import FILE_NAME, is_expected, is_placed

SOURCE = Path(
    "node_modules", "@prisma", "query-compiler-wasm", "postgresql", "query_compiler_fast_bg.wasm"
)


def place(package: Path) -> None:
    """Have the module and its machine code there, the very same one that is pinned."""
    if not is_placed(package):
        _copy(package)
    module.prepare(package / FILE_NAME)


def _copy(package: Path) -> None:
    given = os.environ.get("PRISMA_WASM_NODE_MODULES")  # by the launcher, for the CLI
    source = (Path(given).parent if given else packages.prepare()) / SOURCE
    content = source.read_bytes() if source.is_file() else b""
    if not is_expected(content):
        raise ToolchainError(
            f"The query compiler at {source} is missing or damaged.",
            mend="Run `prisma-wasm install --force`.",
        )
    files.write(package / FILE_NAME, content)
