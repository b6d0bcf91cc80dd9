"""`prisma py version`: names the versions that run here, in upstream's form."""

import importlib.metadata
import json
from importlib.util import find_spec
from pathlib import Path

import click

from prisma_wasm.toolchain import node, packages, versions

EXTRAS = {"dev": "nox", "docs": "mkdocs"}


@click.command("version", short_help="Display Prisma Client Python version information.")
@click.option("--json", "as_json", is_flag=True, help="Output version information in JSON format.")
def cli(*, as_json: bool) -> None:
    """Display Prisma Client Python version information."""
    found = _versions()
    if as_json:
        names = {name.replace(" ", "-"): value for name, value in found.items()}
        click.echo(json.dumps(names, indent=2))
        return
    width = max(map(len, found))
    click.echo("\n".join(f"{name:<{width}} : {value}" for name, value in found.items()))


def _versions() -> dict[str, str | list[str]]:
    """Collect upstream's entries, of what runs here, and then ours."""
    import prisma
    from prisma.binaries.platform import binary_platform

    using, prepared = node.known(), packages.prepared()
    return {
        "prisma": versions.cli(),
        "prisma client python": prisma.__version__,
        "platform": binary_platform(),
        "expected engine version": versions.engine(),
        "installed extras": [extra for extra, module in EXTRAS.items() if find_spec(module)],
        "install path": str(Path(prisma.__file__).parent),
        "binary cache dir": str(prisma.config.binary_cache_dir),
        "prisma-wasm": importlib.metadata.version("prisma-wasm"),
        "query compiler": versions.query_compiler(),
        "node": str(using.executable) if using else "not installed yet",
        "node packages": str(prepared or "not installed yet"),
    }
