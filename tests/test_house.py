"""Rules for the structure of the code: which module may import which, how long files may be."""

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
            if "_client" in path.parts or "node_modules" in path.parts:  # installed or generated
                continue
            parts = [name, *path.relative_to(folder).with_suffix("").parts]
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(sources())


def imports(module: str, *, when_loaded: bool) -> set[str]:
    """Return our modules that `module` imports; `when_loaded` skips imports inside functions."""
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


def remove_leaves(graph: dict[str, set[str]]) -> None:
    """Remove what imports nothing that is left, until only cycles and their users remain."""
    while leaves := [name for name, used in graph.items() if not used & graph.keys()]:
        for name in leaves:
            del graph[name]


def test_no_import_cycles():
    """Every module can be read, loaded and moved without the modules that use it."""
    graph = {module: imports(module, when_loaded=True) - {module} for module in MODULES}
    remove_leaves(graph)

    assert not graph, f"these modules import each other in a cycle: {sorted(graph)}"


def test_packages_of_the_service_import_in_one_direction():
    """Each package of app/ can be read and moved without the packages that use it."""
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        if module.startswith("app."):
            package = module.split(".")[1]
            used = {
                name.split(".")[1]
                for name in imports(module, when_loaded=False)
                if name.startswith("app.")
            }
            graph.setdefault(package, set()).update(used - {package})
    assert not graph["kit"], f"app/kit imports {sorted(graph['kit'])}"
    remove_leaves(graph)

    assert not graph, f"these packages import each other in a cycle: {sorted(graph)}"


def test_the_engine_does_not_import_the_service():
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


def test_domains_do_not_import_endpoints():
    """Only app/main.py, which assembles the application, imports endpoints."""
    for module in MODULES:
        if module.startswith("app.") and module != "app.main":
            used = {
                name for name in imports(module, when_loaded=False) if name.endswith(".endpoints")
            }
            assert not used, f"{module} imports {used}"


def test_one_module_creates_clients_of_the_main_database():
    """Only app/db.py calls `Prisma(...)`."""
    callers = {
        module
        for module, path in MODULES.items()
        if module.startswith("app")
        and not module.startswith("app.clients")
        and any(
            isinstance(node, ast.Call) and ast.unparse(node.func) in ("Prisma", "prisma.Prisma")
            for node in ast.walk(ast.parse(path.read_text()))
        )
    }

    assert callers == {"app.db"}


TESTS = {
    str(path.relative_to(ROOT)): path
    for path in sorted((ROOT / "tests").rglob("*.py"))
    if path.stat().st_size
}


@pytest.mark.parametrize("path", [*MODULES.values(), *TESTS.values()], ids=[*MODULES, *TESTS])
def test_a_file_has_a_docstring_and_is_short(path: Path):
    """The first line names the subject; 400 lines at most."""
    text = path.read_text()

    assert ast.get_docstring(ast.parse(text)), f"{path} needs a docstring that says what it is for"
    assert len(text.splitlines()) <= LONGEST_FILE


DEVELOPMENT_PACKAGES = {"hypothesis", "schemathesis", "yaml", "orjson", "sqlalchemy"}


@pytest.mark.parametrize("path", TESTS.values(), ids=TESTS)
def test_a_plain_install_can_collect_the_tests(path: Path):
    """What only `pip install -e ".[dev]"` installs is imported after an `importorskip`."""
    seen: set[str] = set()
    is_guarded = False
    for statement in ast.parse(path.read_text()).body:
        is_guarded = is_guarded or "importorskip" in ast.unparse(statement)
        names = (
            [alias.name for alias in statement.names]
            if isinstance(statement, ast.Import)
            else [statement.module or ""]
            if isinstance(statement, ast.ImportFrom)
            else []
        )
        if not is_guarded:
            seen |= {name.split(".")[0] for name in names}
    assert not seen & DEVELOPMENT_PACKAGES


def test_lock_files_name_no_host():
    """The pinned packages can be installed from any mirror."""
    assert "://" not in (ROOT / "requirements.lock").read_text()
    (tools,) = (ROOT / "engine" / "prisma_wasm").rglob("npm/package-lock.json")
    servers = ROOT / "bench" / "servers" / "node" / "package-lock.json"
    express = ROOT / "tests" / "auth" / "express" / "package-lock.json"
    for lock in (tools, servers, express, ROOT / "typescript" / "package-lock.json"):
        for name, package in json.loads(lock.read_text())["packages"].items():
            assert "resolved" not in package, name
            assert not name or "integrity" in package, name


def test_the_lock_file_pins_every_dependency():
    """Every dependency of both projects is in requirements.lock, with hashes."""
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
