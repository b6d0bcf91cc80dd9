"""A line at the head of a client.py that is being generated: until it goes, there is no client.

Every command imports `prisma` before anything else. A generator that was killed must leave a
package that says "not generated yet", which the next `prisma generate` mends, and not one that
breaks that import: Prisma Client Python takes a module that client.py does not find for that sign.
"""

import contextlib
import sys
from collections.abc import Generator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from prisma_wasm.toolchain.generator import files

MODULE = "_prisma_wasm_generates_this_client"
FUTURE = "from __future__ import annotations\n"  # which must come first
LINE = f"import {MODULE}  # unfinished: run `prisma generate`\n"


def marked(text: str) -> str:
    """The text of a client.py with the line in it."""
    return text.replace(FUTURE, FUTURE + LINE, 1)


def is_unfinished(package: Path) -> bool:
    """Whether a generator was killed while it made the client in `package`."""
    return LINE in (package / "client.py").read_text(encoding="utf-8")


def finish(package: Path) -> None:
    """Take the line away: everything else of the client is there."""
    client = package / "client.py"
    text = client.read_text(encoding="utf-8")
    files.write(client, text.replace(LINE, "", 1).encode())


@contextlib.contextmanager
def importable_here() -> Generator[None]:
    """In this process an unfinished client loads: partial types are made from its models.

    A finder answers, and not an entry in `sys.modules`: scripts for partial types may remove all of
    Prisma's modules from there, to load the new ones.
    """
    finder = _EmptyModule()
    sys.meta_path.append(finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.modules.pop(MODULE, None)


class _EmptyModule(MetaPathFinder, Loader):
    """Finds a module of this name, with nothing in it."""

    def find_spec(self, fullname: str, path: object, target: object = None, /) -> ModuleSpec | None:
        return ModuleSpec(MODULE, self) if fullname == MODULE else None

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave the module's creation to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Add nothing to it."""
