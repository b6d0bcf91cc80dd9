"""Plans on disk, in a folder that PRISMA_WASM_PLANS names: known shapes after a restart.

A plan is made of a shape, the schema and the compiler alone, and no value is in it. But it is SQL
that will run: the folder must be this user's own. Each plan is a file, named by a hash of all that
it was made of, written under another name first; one that is damaged, foreign or too large is no
error but is compiled again. Without the variable nothing is read or written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any, Final

from prisma_wasm.compiler import module

PLANS: Final = "PRISMA_WASM_PLANS"
_PREFIX: Final = "prisma-plans-"
_FILES: Final = 5_000
_SIZE: Final = 2**20
_FOLDERS: Final = 8


class KeptPlans:
    """The plans of one schema as one compiler makes them."""

    def __init__(self, folder: Path, made_by: str) -> None:
        self._made_by = made_by
        self._folder = folder / f"{_PREFIX}{hashlib.sha256(made_by.encode()).hexdigest()}"
        self._room = _FILES
        self._is_open = False
        with contextlib.suppress(OSError):
            self._open()

    def _open(self) -> None:
        is_new = not self._folder.is_dir()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (module.is_trusted(self._folder.parent) and module.is_trusted(self._folder)):
            return
        self._is_open = True
        self._room -= sum(1 for _ in self._folder.iterdir())
        if is_new:
            self._forget_old_folders()

    def _forget_old_folders(self) -> None:
        """Leave those of a few other schemas or compilers: the last ones that were begun."""
        folders = list(self._folder.parent.glob(f"{_PREFIX}*"))
        folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        for folder in folders[_FOLDERS:]:
            shutil.rmtree(folder, ignore_errors=True)

    def find(self, query: str) -> Any:
        """The plan of this query, or None."""
        if not self._is_open:
            return None
        path = self._path(query)
        try:
            if not module.is_trusted(path) or path.stat().st_size > _SIZE:
                return None
            digest, _, plan = path.read_text(encoding="utf-8").partition("\n")
            return json.loads(plan) if digest == self._digest(query, plan) else None
        except (OSError, ValueError, RecursionError):
            return None

    def keep(self, query: str, plan: Any) -> None:
        """Write a plan down, if that is possible and there is room."""
        if not self._is_open or self._room <= 0:
            return
        text = json.dumps(plan)
        data = f"{self._digest(query, text)}\n{text}".encode()
        if len(data) > _SIZE:
            return
        with contextlib.suppress(OSError):
            module.write(self._path(query), data)
            self._room -= 1

    def _path(self, query: str) -> Path:
        return self._folder / hashlib.sha256(query.encode()).hexdigest()

    def _digest(self, query: str, plan: str) -> str:
        return hashlib.sha256(f"{self._made_by}\0{query}\0{plan}".encode()).hexdigest()


def kept_plans(wasm: Path, datamodel: str, schema_name: str) -> KeptPlans | None:
    """Where the plans of this schema are kept, if they are to be."""
    folder = os.environ.get(PLANS)
    if not folder:
        return None
    code = hashlib.sha256(wasm.read_bytes()).hexdigest()
    return KeptPlans(Path(folder), "\0".join((code, schema_name, datamodel)))
