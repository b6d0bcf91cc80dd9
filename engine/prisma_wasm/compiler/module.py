"""The compiler's WebAssembly module as machine code: loaded once per process, kept on disk.

Making machine code of it takes about two seconds, reading machine code that was made before some
milliseconds. `prisma generate` puts it beside the module (`prepare`), so that a service on a
read-only disk, without a home directory or a known user id starts fast too. Where it is missing, or
was made by another wasmtime or for another processor, the user's cache directory is tried, then the
module is compiled; a cache that cannot be written is no error.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import platform
import stat
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Final

from wasmtime import Config, Engine, Module, WasmtimeError

from prisma_wasm.forking import renew_in_child

log = logging.getLogger(__name__)


class _Loaded:
    """The modules of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._modules: dict[Path, Module] = {}
        self._is_child = False
        renew_in_child(self)

    def load(self, wasm: Path) -> tuple[Engine, Module]:
        with self._lock:
            if self._engine is None:
                self._engine = _make_engine(in_threads=not self._is_child)
            module = self._modules.get(wasm)
            if module is None:
                module = self._modules[wasm] = _load(self._engine, wasm)
            return self._engine, module

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._is_child = True
        if not self._modules:
            self._engine = None


_loaded: Final = _Loaded()


def load(wasm: Path) -> tuple[Engine, Module]:
    """The module at this path, compiled or read from a cache; the same for every caller."""
    return _loaded.load(wasm)


def prepare(wasm: Path) -> Path:
    """Keep the module's machine code beside it."""
    target = wasm.parent / _cache_name(wasm)
    if not is_trusted(target):
        _, module = load(wasm)
        write(target, bytes(module.serialize()))
    for old in wasm.parent.glob(f"{wasm.stem}.*.cwasm"):
        if old != target:
            old.unlink(missing_ok=True)
    return target


def _make_engine(*, in_threads: bool) -> Engine:
    config = Config()
    config.wasm_reference_types = True
    # The threads that make machine code are not there any more in a child process.
    config.parallel_compilation = in_threads
    return Engine(config)


def _load(engine: Engine, wasm: Path) -> Module:
    name = _cache_name(wasm)
    candidates = [directory / name for directory in (wasm.parent, _user_cache()) if directory]
    for candidate in candidates:
        if is_trusted(candidate):
            try:
                return Module.deserialize_file(engine, str(candidate))
            except WasmtimeError as error:
                log.debug("machine code in %s is of no use here: %s", candidate, error)
    module = _compile(engine, wasm)
    if len(candidates) > 1:
        with contextlib.suppress(OSError):
            write(candidates[-1], bytes(module.serialize()))
    return module


def _compile(engine: Engine, wasm: Path) -> Module:
    return Module(engine, wasm.read_bytes())


def _cache_name(wasm: Path) -> str:
    digest = hashlib.sha256(wasm.read_bytes())
    digest.update(f"{version('wasmtime')} {platform.machine()} {platform.system()}".encode())
    return f"{wasm.stem}.{digest.hexdigest()[:16]}.cwasm"


def _user_cache() -> Path | None:
    given = os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given) / "prisma-wasm"
    try:
        return Path.home() / ".cache" / "prisma-wasm"
    except (RuntimeError, OSError):  # no HOME, and the user id is in no passwd file
        return None


_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def is_trusted(path: Path) -> bool:
    """Machine code runs unchecked: only the owner of this process or root may have written it."""
    try:
        found = path.stat()
    except OSError:
        return False
    if not hasattr(os, "geteuid"):
        return True
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & _OTHERS_MAY_WRITE


def write(target: Path, data: bytes) -> None:
    """Put a file there as a whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
