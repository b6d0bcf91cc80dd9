"""`tenantry new-domain`: what it writes works as it is; on an error it writes nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import prisma
import pytest

from app.commands.scaffold import ScaffoldError
from app.commands.scaffold.command import plan
from app.commands.scaffold.names import TENANCIES, names_of
from app.settings import ROOT
from tests.fix_service import environment

LIMIT = 900
COPIED = ("app", "bench", "prisma", "scripts", "tests", "typescript", "docs")
FILES = ("pyproject.toml", "README.md", ".env.example")
CENTRAL = (
    "tests/test_declarations.py",
    "tests/test_queries_of_routes.py",
)
CENTRAL_OF_THE_LONG_FORM = (
    "tests/test_description.py",
    "tests/test_isolation.py",
    "tests/test_plans_of_queries.py",
    "tests/test_policies.py",
    "tests/test_roles_of_routes.py",
    "tests/test_contract.py",
    "tests/test_house.py",
)

FILTERED = "FILTERED = {\n"
FILTERED_OF_NOTES = """\
    "app.notes.rules.in_workspace": ("list_notes", "read_note", "change_note", "delete_note"),
"""


class Project:
    """A copy of this project with a Prisma client of its own, for generated code."""

    def __init__(self, root: Path, database: str) -> None:
        self.root = root
        self._environment = environment(
            PYTHONPATH=os.pathsep.join(map(str, (root, root / "site"))), TEST_DATABASE_URL=database
        )

    def run(self, *command: str | Path, status: int | None = 0) -> str:
        """Run a program of the environment in the copy; return what it prints."""
        program = Path(sys.executable).with_name(str(command[0]))
        done = subprocess.run(
            [program, *map(str, command[1:])],
            cwd=self.root,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert status in (None, done.returncode), done.stdout
        return done.stdout

    def scaffold(self, *arguments: str, status: int = 0) -> str:
        return self.run("python", "-m", "app.commands.scaffold", *arguments, status=status)

    def pytest(self, *arguments: str, status: int = 0) -> str:
        return self.run(
            "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, status=status
        )

    def texts(self) -> dict[str, str]:
        """Return every file that scaffolding could touch."""
        folders = [self.root / name for name in ("app", "prisma", "tests")]
        return {
            str(path): path.read_text()
            for folder in folders
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }


@pytest.fixture
def project(tmp_path: Path, server: str) -> Project:
    root = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__", "node_modules", "_client", ".*_cache")
    for name in COPIED:
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(Path(prisma.__file__).parent, root / "site" / "prisma")
    return Project(root, server)


@pytest.mark.parametrize(
    ("plural", "singular", "model"),
    [
        ("notes", "note", "Note"),
        ("meeting_rooms", "meeting_room", "MeetingRoom"),
        ("companies", "company", "Company"),
        ("boxes", "box", "Box"),
        ("classes_held", None, None),
        ("addresses", "address", "Address"),
        ("invoices", "invoice", "Invoice"),
    ],
)
def test_names(plural: str, singular: str | None, model: str | None):
    """The singular follows from a regular plural; another one has to be given."""
    if singular is None:
        with pytest.raises(ScaffoldError, match="--singular person"):
            names_of(plural)
    else:
        names = names_of(plural)
        assert (names.singular, names.model) == (singular, model)
    assert names_of("people", singular="person").model == "Person"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Notes", "lower-case letters"),
        ("../notes", "lower-case letters"),
        ("2notes", "lower-case letters"),
        ("note-s", "lower-case letters"),
        ("_notes", "lower-case letters"),
        ("", "lower-case letters"),
        ("n" * 40, "lower-case letters"),
        ("people", "--singular person"),
        ("daily_news", "looks like a singular"),
        ("status", "looks like a singular"),
        ("classes", "has a meaning"),
        ("lists", "has a meaning"),
        ("workspaces", "app/workspaces already exists"),
        ("health", "--singular person"),
        ("sessions", "already has Session"),
        ("members", "already has a field members"),
    ],
)
def test_a_name_that_cannot_be_is_refused(project: Project, name: str, message: str):
    """One line says why, and nothing is written."""
    before = project.texts()
    said = project.scaffold(name, status=1)
    assert message in said
    assert said.startswith("tenantry: ")
    assert len(said.splitlines()) == 1
    assert project.texts() == before


def test_a_second_domain_of_the_name_is_refused(project: Project):
    """What the first one wrote stays as it is."""
    project.scaffold("notes")
    before = project.texts()
    assert "app/notes already exists" in project.scaffold("notes", status=1)
    assert project.texts() == before


def test_all_or_nothing(project: Project, monkeypatch: pytest.MonkeyPatch):
    """When a file cannot be written, the command restores those before it."""
    from app.commands.scaffold import command

    before = project.texts()
    files = command.plan(names_of("notes"), project.root)
    write, written = Path.write_text, list[Path]()

    def full(path: Path, text: str, **options: str) -> int:
        if len(written) == len(files) - 1:
            written.clear()
            raise OSError(28, "No space left on device", str(path))
        written.append(path)
        return write(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ScaffoldError, match=r"Nothing was written: .*: No space left on device"):
        command.write(files, project.root)
    assert project.texts() == before
    assert not (project.root / "app" / "notes").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("notes",),
        ("meeting_rooms",),
        ("zebras",),
        ("meeting_rooms", "--in", "organization"),
        ("meeting_rooms", "--in", "tenant"),
    ],
)
def test_what_it_writes_is_clean(project: Project, arguments: tuple[str, ...]):
    """Ruff finds nothing, whatever the length of the name and its place in the alphabet."""
    pytest.importorskip("ruff")
    said = project.scaffold(*arguments)
    assert "prisma migrate dev" in said
    project.run("ruff", "check", "app", "tests", "prisma")
    project.run("ruff", "format", "--check", "app", "tests", "prisma")


def test_a_new_domain_works(project: Project):
    """Its own tests pass, its statements and events are as declared, nothing is missing.

    The tests of isolation see a forgotten filter in each of list, read, change and delete.
    """
    before = set(project.texts())
    project.scaffold("notes")
    assert len(set(project.texts()) - before) == 9  # and three existing files are changed
    project.run("prisma", "generate")
    isolation = project.root / "tests" / "test_isolation.py"
    text = isolation.read_text()
    assert text.count(FILTERED) == 1
    isolation.write_text(text.replace(FILTERED, FILTERED + FILTERED_OF_NOTES))

    said = project.pytest(
        *("tests/notes", *CENTRAL, "tests/test_isolation.py", "-vv", "-k"),
        "not isolation or forgotten_filter",
    )

    for name in ("list_notes", "read_note", "change_note", "delete_note"):
        for policies in ("with policies", "without policies"):
            assert f"[{policies}-app.notes.rules.in_workspace-{name}] PASSED" in said


@pytest.mark.parametrize("tenancy", [each for each in TENANCIES if each != "workspace"])
def test_in_another_tenancy_nothing_is_about_workspaces(tenancy: str):
    """Every word of the templates is replaced, and no line is marked for other tenancies."""
    before = plan(names_of("notes"), ROOT)
    files = plan(names_of("notes", tenancy=tenancy), ROOT)
    new = {path: text for path, text in files.items() if not path.exists()}
    assert len(new) == len([path for path in before if not path.exists()]) == 9
    assert not [path for path, text in new.items() if "workspace" in text.lower() or "<<" in text]


def test_in_a_tenant_nobody_is_a_user_of_the_service():
    """Rows belong to its own users, in whose name nobody else acts."""
    files = plan(names_of("notes", tenancy="tenant"), ROOT)
    code = {
        path: text for path, text in files.items() if not path.exists() and path.suffix == ".py"
    }
    for word in ("team.owner", "team.member", "impersonat", "OwnerScope", '"user"', "holder.user"):
        assert not [path for path, text in code.items() if word in text], word


@pytest.mark.full
@pytest.mark.parametrize("tenancy", TENANCIES)
@pytest.mark.parametrize("name", ["notes", "meeting_rooms"])
def test_a_new_domain_passes_everything(project: Project, name: str, tenancy: str, database: str):
    """All tests of all routes, pyright, and a schema that the migration brings about."""
    project.scaffold(name, "--in", tenancy)
    project.run("prisma", "generate")
    schema = project.root / "prisma" / "schema.prisma"
    text = schema.read_text()
    project.run("prisma", "format")
    assert schema.read_text() == text

    paths = (f"tests/{name}", *CENTRAL, *CENTRAL_OF_THE_LONG_FORM)
    project.pytest(*paths, "-k", "not lock_file")  # the copy has none
    python = Path(sys.executable)
    paths = (f"app/{name}", f"tests/{name}", "app/main.py", "prisma/partial_types.py")
    project.run("pyright", "--pythonpath", python, *paths)
    urls = {"DATABASE_URL": database, "DIRECT_URL": database}
    project._environment |= urls  # pyright: ignore[reportPrivateUsage]  # of this test's own copy
    project.run("prisma", "migrate", "deploy")
    project.run(
        *("prisma", "migrate", "diff", "--exit-code", "--from-url", database),
        *("--to-schema-datamodel", schema),
    )
