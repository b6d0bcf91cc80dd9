"""Puts the query compiler's WASM module beside a generated client, which loads it from there."""

import hashlib
from pathlib import Path

from prisma_wasm.toolchain import packages
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.generator import files

FILE_NAME = "query_compiler.wasm"
SOURCE = Path(
    "node_modules", "@prisma", "query-compiler-wasm", "postgresql", "query_compiler_fast_bg.wasm"
)
SHA256 = "e40873721cfedf24c9e249ec76799cd7ee72990147fd151b9fc59c646cbdbf1a"


def place(package: Path) -> None:
    """Copy the module, unless the very same one is there."""
    target = package / FILE_NAME
    if target.is_file() and _is_expected(target.read_bytes()):
        return
    source = packages.prepare() / SOURCE
    content = source.read_bytes() if source.is_file() else b""
    if not _is_expected(content):
        raise ToolchainError(
            f"The query compiler at {source} is missing or damaged.",
            mend="Run `prisma-wasm install --force`.",
        )
    files.write(target, content)


def _is_expected(content: bytes) -> bool:
    return hashlib.sha256(content).hexdigest() == SHA256
