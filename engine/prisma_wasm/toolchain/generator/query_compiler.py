"""Puts the query compiler's WASM module beside a generated client, which loads it from there."""

from pathlib import Path

from prisma_wasm.toolchain import packages
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.generator import files
from prisma_wasm.toolchain.generator.placed import FILE_NAME, is_expected, is_placed

SOURCE = Path(
    "node_modules", "@prisma", "query-compiler-wasm", "postgresql", "query_compiler_fast_bg.wasm"
)


def place(package: Path) -> None:
    """Copy the module, unless the very same one is there."""
    if is_placed(package):
        return
    source = packages.prepare() / SOURCE
    content = source.read_bytes() if source.is_file() else b""
    if not is_expected(content):
        raise ToolchainError(
            f"The query compiler at {source} is missing or damaged.",
            mend="Run `prisma-wasm install --force`.",
        )
    files.write(package / FILE_NAME, content)
