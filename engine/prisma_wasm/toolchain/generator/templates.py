"""Upstream's templates, written to files that are whole at every moment."""

import contextlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from prisma.generator import generator as upstream
from prisma.generator.utils import resolve_template_path

from prisma_wasm.toolchain.generator import files, unfinished
from prisma_wasm.toolchain.generator.restore import TEMPLATE_ENDING, generated_modules

CLIENT = "client.py.jinja"
# Byte code, and the query compiler, which has a step of its own.
LEFT_OUT = (".pyc", ".wasm", ".cwasm")


@contextlib.contextmanager
def written_whole(package: Path) -> Generator[None]:
    """Upstream writes into the files that are there, in any order; here the client comes last.

    Until all else is done, its first line keeps it from being taken for finished.
    """
    files.tidy(package)
    client = package / "client.py"
    if client.is_file():
        files.write(client, unfinished.LINE.encode())
    with (
        unfinished.importable_here(),
        _in_upstream(render_template=_render, copy_tree=_copy_library),
    ):
        yield


def render_in_memory(params: dict[str, Any]) -> None:
    """Render every template and write nothing; what upstream can't make a client of, raises."""
    for name in upstream.DEFAULT_ENV.list_templates():
        if name.endswith(TEMPLATE_ENDING) and not name.startswith("_"):
            upstream.DEFAULT_ENV.get_template(name).render(**params, partial_models={})


@contextlib.contextmanager
def _in_upstream(**functions: Callable[..., None]) -> Generator[None]:
    """Inside, its generator calls these functions of ours instead of its own."""
    before = {name: getattr(upstream, name) for name in functions}
    try:
        for name, function in functions.items():
            setattr(upstream, name, function)
        yield
    finally:
        for name, function in before.items():
            setattr(upstream, name, function)


def _copy_library(source: Path, target: Path) -> None:
    """What a package of its own needs of Prisma Client Python, without the client that is there.

    Upstream copies that too: until all is rendered, the new package would be of another schema.
    """
    generated = {*generated_modules(source), source / "schema.prisma"}
    for file in list(source.rglob("[!.]*")):
        if file in generated or file.suffix in LEFT_OUT or not file.is_file():
            continue
        copy = target / file.relative_to(source)
        content = file.read_bytes()
        if not copy.is_file() or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            files.write(copy, content)


def _render(rootdir: Path, name: str, params: dict[str, Any], *, env: Any = None) -> None:
    """As upstream's function, which writes in place."""
    text = (env or upstream.DEFAULT_ENV).get_template(name).render(**params)
    file = resolve_template_path(rootdir=rootdir, name=name)
    file.parent.mkdir(parents=True, exist_ok=True)
    if name == CLIENT:
        text = unfinished.marked(text)
        _have_partials(rootdir)
    files.write(file, text.encode())


def _have_partials(package: Path) -> None:
    """Have the module of partial types, which comes last, and which the package itself imports.

    A script for these may load the package anew, also before it was ever generated.
    """
    partials = package / "partials.py"
    if not partials.exists():
        files.write(partials, b"")
