"""Upstream's templates, written to files that are whole at every moment."""

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

from prisma.generator import generator as upstream
from prisma.generator.utils import resolve_template_path

from prisma_wasm.toolchain.generator import files, unfinished

CLIENT = "client.py.jinja"


@contextlib.contextmanager
def written_whole(package: Path) -> Generator[None]:
    """Upstream writes into the files that are there, in any order; here the client comes last.

    Until all else is done, its first line keeps it from being taken for finished.
    """
    client = package / "client.py"
    if client.is_file():
        files.write(client, unfinished.LINE.encode())
    before = upstream.render_template
    upstream.render_template = _render
    try:
        with unfinished.importable_here():
            yield
    finally:
        upstream.render_template = before


def _render(rootdir: Path, name: str, params: dict[str, Any], *, env: Any = None) -> None:
    """As upstream's function, which writes in place."""
    text = (env or upstream.DEFAULT_ENV).get_template(name).render(**params)
    file = resolve_template_path(rootdir=rootdir, name=name)
    file.parent.mkdir(parents=True, exist_ok=True)
    if name == CLIENT:
        text = unfinished.marked(text)
    files.write(file, text.encode())
