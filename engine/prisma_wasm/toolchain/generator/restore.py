"""Puts the previous client back when generating a new one fails or is ended."""

import contextlib
from collections.abc import Generator
from pathlib import Path

from prisma.generator.generator import DEFAULT_ENV
from prisma.generator.utils import resolve_template_path

from prisma_wasm.toolchain.generator import files, placed

TEMPLATE_ENDING = ".py.jinja"


@contextlib.contextmanager
def restored_on_failure(package: Path) -> Generator[None]:
    """Upstream deletes a client that it can't finish; here the one that worked before stays."""
    before = {path: path.read_bytes() for path in _written(package) if path.is_file()}
    _unlink_hard_links(before)
    try:
        yield
    except BaseException:
        if package / "client.py" in before:
            for path, content in before.items():
                # A full disk may have room for what was changed alone.
                if not path.is_file() or path.read_bytes() != content:
                    files.write(path, content)
        raise


def generated_modules(package: Path) -> list[Path]:
    """The modules that the templates make."""
    names = [
        name
        for name in DEFAULT_ENV.list_templates()
        if name.endswith(TEMPLATE_ENDING) and not name.startswith("_")
    ]
    return [resolve_template_path(rootdir=package, name=name) for name in names]


def _unlink_hard_links(before: dict[Path, bytes]) -> None:
    """Upstream writes into the files that are there, which a package manager may have linked."""
    for path, content in before.items():
        if path.stat().st_nlink > 1:
            files.write(path, content)


def _written(package: Path) -> list[Path]:
    """The files of a client; the one that tells that there is a client comes last."""
    client = package / "client.py"
    modules = [module for module in generated_modules(package) if module != client]
    return [*modules, package / "schema.prisma", package / placed.FILE_NAME, client]
