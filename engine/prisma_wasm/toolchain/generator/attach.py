"""Puts the engine into a generated client: a few lines at the end of its client.py.

They hand the client's classes to `prisma_wasm.client.adopt`, which is not loaded here.
"""

from pathlib import Path

from prisma_wasm.toolchain.generator import files

_MARK = "# The query engine in process, by prisma-wasm."
_LINES = f"""

{_MARK}
from prisma_wasm.client import adopt as _adopt

_adopt(Prisma, Batch)
"""
# What `adopt` relies on.
_EXPECTED = (
    "class Batch:",
    "    def _add(self, **kwargs: Any) -> None:",
    "PACKAGED_SCHEMA_PATH = ",
    "ENGINE_TYPE: EngineType = ",
)
_CLIENTS = ("class Prisma(AsyncBasePrisma):", "class Prisma(SyncBasePrisma):")


class AttachError(Exception):
    """The generated client is not one that the engine can be attached to."""


def attach(package: Path) -> None:
    """Make the client generated into this folder use the engine. Doing it twice changes nothing."""
    path = package / "client.py"
    text = path.read_text(encoding="utf-8")
    missing = [line for line in _EXPECTED if line not in text]
    if missing or not any(line in text for line in _CLIENTS):
        wanted = missing[0] if missing else " or ".join(_CLIENTS)
        raise AttachError(
            f"{path} is not as Prisma Client Python 0.15 generates it (no `{wanted.strip()}`)."
        )
    generated = text.partition(_MARK)[0].rstrip()
    files.write(path, f"{generated}\n{_LINES}".encode())
