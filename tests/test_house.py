"""The rules of the house: what may import what, and how long a file may be."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import ROOT

LONGEST_FILE = 400
PACKAGES = {
    "app": ROOT / "app",
    "bench": ROOT / "bench",
    "prisma_wasm": ROOT / "engine" / "prisma_wasm",
}


def sources() -> Iterator[tuple[str, Path]]:
    for name, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            if "_client" in path.parts or "node_modules" in path.parts:  # not ours
                continue
            parts = [name, *path.relative_to(folder).with_suffix("").parts]
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(sources())


def imports(module: str, *, when_loaded: bool) -> set[str]:
    """What `module` imports of ours; `when_loaded` leaves out imports inside functions."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if when_loaded and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            if (
                when_loaded
                and isinstance(child, ast.If)
                and "TYPE_CHECKING" in ast.unparse(child.test)
            ):
                continue
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*above, *filter(None, [base])])
                for alias in child.names:
                    deeper = f"{base}.{alias.name}"
                    found.add(deeper if deeper in MODULES else base)
            visit(child)

    visit(ast.parse(path.read_text()))
    return found & MODULES.keys()


def test_no_import_cycles():
    """Every module can be read, loaded and moved without the ones that use it."""
    graph = {module: imports(module, when_loaded=True) - {module} for module in MODULES}
    while leaves := [module for module, needs in graph.items() if not needs & graph.keys()]:
        for module in leaves:
            del graph[module]

    assert not graph, f"these hang together in a cycle: {sorted(graph)}"


def test_the_engine_knows_nothing_of_the_service():
    """prisma_wasm is a product of its own."""
    for module, path in MODULES.items():
        if module.startswith("prisma_wasm"):
            names = {
                name
                for node in ast.walk(ast.parse(path.read_text()))
                for name in (
                    [alias.name for alias in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom) and not node.level
                    else []
                )
            }
            assert not {name for name in names if name.split(".")[0] == "app"}, module


def test_domains_do_not_meet_through_endpoints():
    """Only the application's assembly imports a domain's endpoints."""
    for module in MODULES:
        if module.startswith("app.") and module != "app.main":
            used = {
                name for name in imports(module, when_loaded=False) if name.endswith(".endpoints")
            }
            assert not used, f"{module} imports {used}"


def test_clients_of_the_main_database_are_made_in_one_place():
    """`Prisma(...)` is called in app/db.py alone."""
    makers = {
        module
        for module, path in MODULES.items()
        if module.startswith("app")
        and not module.startswith("app.clients")
        and any(
            isinstance(node, ast.Call) and ast.unparse(node.func) in ("Prisma", "prisma.Prisma")
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }

    assert makers == {"app.db"}


@pytest.mark.parametrize("module", MODULES)
def test_a_file_says_what_it_is_for_and_fits_in_one_head(module: str):
    """A first line that says the subject; about 400 lines at most."""
    text = MODULES[module].read_text()

    assert ast.get_docstring(ast.parse(text)), f"{module} does not say what it is for"
    assert len(text.splitlines()) <= LONGEST_FILE


def test_lock_files_name_no_host():
    """What is pinned can be had from any mirror."""
    assert "://" not in (ROOT / "requirements.lock").read_text()
    (tools,) = (ROOT / "engine" / "prisma_wasm").rglob("npm/package-lock.json")
    servers = ROOT / "bench" / "servers" / "node" / "package-lock.json"
    for lock in (tools, servers, ROOT / "typescript" / "package-lock.json"):
        for name, package in json.loads(lock.read_text())["packages"].items():
            assert "resolved" not in package, name
            assert not name or "integrity" in package, name


def test_lock_file_pins_what_is_asked_for():
    """Every dependency of both projects stands in requirements.lock with hashes."""
    pinned = set(
        re.findall(
            r"^([a-z0-9][a-z0-9._-]*)==.* \\\n    --hash=sha256:",
            (ROOT / "requirements.lock").read_text(),
            re.MULTILINE,
        )
    )
    for project in (ROOT, ROOT / "engine"):
        table = tomllib.loads((project / "pyproject.toml").read_text())["project"]
        groups = [table["dependencies"], *table["optional-dependencies"].values()]
        for requirement in (item for group in groups for item in group):
            name = re.match(r"[A-Za-z0-9._-]+", requirement)
            assert name is not None
            if name[0] != "prisma-wasm":
                assert name[0].lower() in pinned, requirement
