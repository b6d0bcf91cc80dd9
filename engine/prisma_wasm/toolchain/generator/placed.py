"""The query compiler's module beside a generated client: its name, and whether it is the right one.

Apart from the generator, which loads Prisma Client Python, so that asking costs nothing.
"""

import hashlib
from pathlib import Path

FILE_NAME = "query_compiler.wasm"
SHA256 = "e40873721cfedf24c9e249ec76799cd7ee72990147fd151b9fc59c646cbdbf1a"


def is_placed(package: Path) -> bool:
    """Whether the module is beside the client in `package`, whole."""
    file = package / FILE_NAME
    return file.is_file() and is_expected(file.read_bytes())


def is_expected(content: bytes) -> bool:
    """Whether this is the module of the pinned npm package."""
    return hashlib.sha256(content).hexdigest() == SHA256
