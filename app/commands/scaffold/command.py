"""`tenantry new-domain NAME`: plan every file in memory, then write all of them or none."""

import argparse
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.commands.scaffold.edits import add_to_main, add_to_partial_types, add_to_schema
from app.commands.scaffold.names import TENANCIES, Names, ScaffoldError, names_of
from app.settings import ROOT

_TEMPLATES = Path(__file__).with_name("templates")
_PLACEHOLDER = re.compile(r"<<(\w+)>>")
_PACKAGE = ("__init__", "endpoints", "errors", "rules", "schemas")
_TESTS = {"__init__": "__init__", "domain": "domain", "test_routes": "test_<<plural>>"}
_LIMIT = 60
_NEXT = """\
Next, in this order:

  .venv/bin/prisma migrate dev
  make types
  make test-domain name={plural}

Then change the model, the rules and the tests: docs/adding-a-domain.md goes through all of it.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="the package's name, a plural: meeting_rooms")
    parser.add_argument("--singular", help="if it is not the plural without its s")
    parser.add_argument(
        "--in", dest="tenancy", choices=TENANCIES, default="workspace", help="what its rows are in"
    )


def new_domain(arguments: argparse.Namespace, *, root: Path = ROOT) -> int:
    """Scaffold a domain; print what was written and what to run next. Raise ScaffoldError."""
    names = names_of(arguments.name, singular=arguments.singular, tenancy=arguments.tenancy)
    files = plan(names, root)
    write(files, root)
    for path in files:
        print(f"  {path.relative_to(root)}")
    print(
        f"\nThe model is {names.model}, one row {names.singular!r}. If that is not the singular, "
        "undo this (docs/adding-a-domain.md) and name it with --singular."
    )
    print(f"\n{next_steps(names)}")
    return 0


def next_steps(names: Names) -> str:
    """Return what to run after the scaffold."""
    return _NEXT.format(plural=names.plural)


def plan(names: Names, root: Path) -> dict[Path, str]:
    """Return every file to write with its text; raise ScaffoldError if one is in the way."""
    package, tests = root / "app" / names.plural, root / "tests" / names.plural
    for path in (package, package.with_suffix(".py"), tests):
        if path.exists():
            raise ScaffoldError(f"{path.relative_to(root)} already exists: choose another name.")
    schema, partials = root / "prisma" / "schema.prisma", root / "prisma" / "partial_types.py"
    main = root / "app" / "main.py"
    try:
        files = {
            schema: add_to_schema(schema.read_text(), _fill("model.prisma", names), names),
            partials: add_to_partial_types(
                partials.read_text(), _fill("partial_types.py", names), names
            ),
            main: add_to_main(main.read_text(), names),
        }
    except OSError as error:
        raise ScaffoldError(f"{error.filename}: {error.strerror}.") from error
    files[_migration(names, root)] = _fill("migration.sql", names)
    files |= {package / f"{name}.py": _fill(f"app/{name}.py", names) for name in _PACKAGE}
    for template, name in _TESTS.items():
        files[tests / f"{_filled(name, names)}.py"] = _fill(f"tests/{template}.py", names)
    return {path: _formatted(path, text, root) for path, text in files.items()}


def _migration(names: Names, root: Path) -> Path:
    """Return the path of the migration, which has to come after all that exist."""
    folder = root / "prisma" / "migrations"
    stamp = datetime.now(UTC)
    for path in folder.glob("*/migration.sql"):
        last = datetime.strptime(path.parent.name[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        stamp = max(stamp, last + timedelta(seconds=1))
    return folder / f"{stamp:%Y%m%d%H%M%S}_add_{names.plural}" / "migration.sql"


def _fill(template: str, names: Names) -> str:
    path = _TEMPLATES / f"{template}.tmpl"
    return _filled(names.in_tenancy(path.read_text(encoding="utf-8")), names)


def _filled(text: str, names: Names) -> str:
    replacements = names.replacements()
    return _PLACEHOLDER.sub(lambda found: replacements[found[1]], text)


def _formatted(path: Path, text: str, root: Path) -> str:
    """Let ruff sort imports and break lines, which depend on the names; without ruff, nothing."""
    ruff = Path(sys.executable).with_name("ruff")
    if path.suffix != ".py" or not ruff.exists() or not text:
        return text
    for command in (["check", "--fix", "--exit-zero", "--quiet", "--select=I"], ["format"]):
        done = subprocess.run(  # noqa: S603  (our own tool on our own text)
            [ruff, *command, f"--stdin-filename={path}", "-"],
            cwd=root,
            input=text,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )
        if done.returncode:
            raise ScaffoldError(f"ruff cannot format {path.relative_to(root)}: {done.stderr}")
        text = done.stdout
    return text


def write(files: dict[Path, str], root: Path) -> None:
    """Write all files; when one fails, restore those that were there and remove the others."""
    before = {path: path.read_text() if path.exists() else None for path in files}
    folders = [folder for path in files for folder in path.parents if not folder.exists()]
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        for path, text in before.items():
            if text is None:
                path.unlink(missing_ok=True)
            else:
                path.write_text(text, encoding="utf-8")
        for folder in sorted(set(folders), key=lambda each: len(each.parts), reverse=True):
            if folder.exists():
                folder.rmdir()
        place = Path(error.filename or root)
        raise ScaffoldError(f"Nothing was written: {place}: {error.strerror}.") from error
