"""The `prisma` command in somebody else's project, as people type it."""

import os
import re
import resource
from pathlib import Path

import pytest
from fix_server import DatabaseServer
from projects import SCHEMA, Project

# Nobody who runs a command can follow these; they would also need a host.
ADVERTISEMENTS = re.compile(
    r"Tip:|Update available|pris\.ly/(tip|cli)|survey|recommend Prisma|Accelerate|Pulse"
)


WRONG_SCHEME = "the URL must start with the protocol `postgresql://`"


def url_of_new_database(server: DatabaseServer, tmp_path: Path) -> str:
    name = "made_" + re.sub(r"\W", "_", f"{tmp_path.parent.name}_{tmp_path.name}")[-50:].lower()
    return server.url_of(name)


@pytest.fixture
def new_url(server: DatabaseServer, tmp_path: Path) -> str:
    """The URL of a database that is not there yet."""
    return url_of_new_database(server, tmp_path)


def test_a_first_session_makes_the_database_and_a_client_that_imports(
    project: Project, new_url: str
) -> None:
    """`migrate dev`, without a terminal, creates the database, the migration and the client."""
    project.write(".env", f'DATABASE_URL="{new_url}"\n')
    made = project.prisma("migrate", "dev", "--name", "init_user_workspace")
    assert made.code == 0, made.text
    assert "Your database is now in sync with your schema." in made.out
    assert "Environment variables loaded from .env" in made.err
    (migration,) = (project.folder / "prisma/migrations").glob("*_init_user_workspace")
    assert 'CREATE TABLE "User"' in (migration / "migration.sql").read_text()
    imported = project.python(
        """
        from prisma import Prisma
        from prisma.models import User
        print(sorted(User.model_fields), Prisma.__name__)
        """
    )
    assert imported.out == "['email', 'id', 'posts', 'role'] Prisma\n", imported.text
    assert project.prisma("migrate", "dev").code == 0


@pytest.mark.parametrize("command", ["migrate dev --name one", "db push"])
def test_a_generator_that_fails_fails_what_generates_beside_its_work(
    project: Project, database: str, command: str
) -> None:
    """Prisma's CLI prints its error and goes on; the command's own work is done, its code is 1."""
    schema = SCHEMA.replace("title ", "price Decimal\n  title ")
    project.write("prisma/schema.prisma", schema)
    failed = project.prisma(*command.split(), env={"DATABASE_URL": database})
    assert failed.code == 1, failed.text
    assert "enable_experimental_decimal" in failed.text
    assert "now in sync with your" in failed.out
    assert "\x1b" not in failed.text
    option = "{\n  enable_experimental_decimal = true"
    project.write("prisma/schema.prisma", schema.replace("{", option, 1))
    mended = project.prisma(*command.split(), env={"DATABASE_URL": database})
    assert mended.code == 0, mended.text


def test_a_migration_without_a_name_and_a_terminal_waits_for_nobody(
    project: Project, database: str
) -> None:
    """Where nobody can answer, Prisma's question for a name is not asked."""
    done = project.environment.run(
        "prisma",
        *("migrate", "dev", "--skip-generate"),
        cwd=project.folder,
        env={"DATABASE_URL": database},
        limit=60,
    )
    assert done.code == 0, done.text
    made = [path.name for path in (project.folder / "prisma/migrations").iterdir() if path.is_dir()]
    assert len(made) == 1
    assert re.fullmatch(r"\d{14}", made[0])


def test_every_command_works_from_the_projects_root(project: Project, new_url: str) -> None:
    """One database goes through all commands; none of them advertises anything."""
    env = {"DATABASE_URL": new_url}
    schema = "prisma/schema.prisma"
    both = ["--from-schema-datasource", schema, "--to-schema-datamodel", schema]
    steps: list[tuple[list[str], int, str]] = [
        (["version"], 0, r"prisma\s+: 6\.19\.3"),
        (["--version"], 0, "schema-engine-cli c2990dca"),
        (["--help"], 0, "For Prisma Client Python commands run"),
        (["validate"], 0, "is valid"),
        (["format"], 0, "Formatted"),
        (["format", "--check"], 0, "All files are formatted"),
        (["generate"], 0, "Generated Prisma Client Python"),
        (["db", "push", "--skip-generate"], 0, "in sync with your Prisma schema"),
        (["db", "pull", "--print"], 0, "model User"),
        (["db", "execute", "--stdin", "--schema", schema], 0, "executed successfully"),
        (["migrate", "reset", "--force", "--skip-generate"], 0, "Database reset successful"),
        (["migrate", "dev", "--name", "one", "--skip-generate"], 0, "in sync with your schema"),
        (["migrate", "status"], 0, "Database schema is up to date!"),
        (["migrate", "deploy"], 0, "No pending migrations to apply."),
        (
            ["migrate", "diff", "--from-empty", "--to-schema-datamodel", schema, "--script"],
            0,
            'CREATE TABLE "Post"',
        ),
        (
            ["migrate", "diff", "--exit-code", *both],
            0,
            "No difference detected",
        ),
        (["migrate", "diff", "--exit-code", "--from-url", new_url, "--to-empty"], 2, "User"),
        (["migrate", "resolve", "--applied", "nothing_such"], 1, "P3017"),
        (["no-such-command"], 1, "Unknown command"),
    ]
    for arguments, code, words in steps:
        done = project.environment.run(
            "prisma", *arguments, cwd=project.folder, env=env, stdin="SELECT 1;"
        )
        assert (done.code, bool(re.search(words, done.text))) == (code, True), (
            f"prisma {' '.join(arguments)} ended with {done.code}:\n{done.text}"
        )
        assert not ADVERTISEMENTS.search(done.text), done.text


@pytest.mark.parametrize("has_colour", [False, True])
@pytest.mark.parametrize(("command", "code"), [("--help", 0), ("no-such-command", 1)])
def test_the_overview_of_commands_advertises_nothing(
    project: Project, command: str, code: int, has_colour: bool
) -> None:
    """Prisma 6.19 puts a box for its services into it, as 5.17 did, and the refused `dev`."""
    with_colour = ["-u", "NO_COLOR", "FORCE_COLOR=1"] if has_colour else []
    done = project.run("/usr/bin/env", *with_colour, project.environment.program("prisma"), command)
    assert (done.code, "\x1b[" in done.text) == (code, has_colour), done.text
    assert not ADVERTISEMENTS.search(done.text), done.text
    assert not re.search(r"[┌│└]|prisma dev|^ +dev ", done.text, re.MULTILINE), done.text
    assert "migrate dev" in done.text
    assert re.search(r"additional information about a command\n\n +\S*Examples", done.text)


@pytest.mark.full
def test_warm_commands_take_little_time(project: Project, database: str) -> None:
    """On a quiet machine each takes 2 s of CPU; a loaded one makes that a few times as much."""
    env = {"DATABASE_URL": database}
    assert project.prisma("migrate", "dev", "--name", "one", env=env).code == 0
    taken: dict[str, float] = {}
    for command in ("validate", "format", "generate", "migrate status", "migrate dev"):
        begin = _cpu_of_commands()
        done = project.prisma(*command.split(), env=env)
        taken[command] = _cpu_of_commands() - begin
        assert done.code == 0, done.text
    print(", ".join(f"{command} {seconds:.2f} s" for command, seconds in taken.items()))
    assert all(seconds < 15 for seconds in taken.values()), taken


def _cpu_of_commands() -> float:
    """Return the CPU seconds of all commands that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_package_folder_without_pyproject_uses_its_own_schema(
    project: Project, new_url: str
) -> None:
    """Applications call `prisma` from the folder of a package, with `--schema`."""
    package = project.folder / "src" / "shop"
    package.mkdir(parents=True)
    (project.folder / "prisma/schema.prisma").rename(package / "shop.prisma")
    (package / ".env").write_text(f"DATABASE_URL={new_url}\n")
    done = project.prisma("db", "push", "--schema", "./shop.prisma", cwd=package)
    assert done.code == 0, done.text
    elsewhere = project.prisma("migrate", "diff", "--from-url", new_url, "--to-empty", cwd=package)
    assert "User" in elsewhere.out
    assert not (project.folder / "src/shop/node_modules").exists()


def test_an_activated_environment_and_python_m_prisma_are_the_same(project: Project) -> None:
    """`prisma` on PATH, `.venv/bin/prisma` and `python -m prisma` run one program."""
    bin_folder = Path(project.environment.program("prisma")).parent
    activated = {"PATH": f"{bin_folder}:{project.environment.variables['PATH']}"}
    url = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    for words in (["/usr/bin/env", "prisma"], ["python", "-m", "prisma"]):
        done = project.run(*words, "validate", env=activated | url)
        assert (done.code, "is valid" in done.out) == (0, True), done.text


def test_upstreams_own_commands_and_functions_still_work(project: Project) -> None:
    """`prisma py ...` and `prisma.cli.prisma.run` are upstream's, and come through unchanged."""
    version = project.prisma("py", "version")
    assert "prisma client python    : 0.15.0" in version.out, version.text
    generated = project.prisma("py", "generate", "--interface", "sync")
    assert generated.code == 0, generated.text
    assert "SyncBasePrisma" in (project.environment.client_package / "client.py").read_text()
    called = project.python(
        """
        import subprocess, sys
        from prisma.cli import prisma
        url = "postgresql://u@127.0.0.1:1/x"
        assert prisma.run(["validate"], env={"DATABASE_URL": url}) == 0
        try:
            prisma.run(["validate", "--schema", "missing.prisma"], check=True)
        except subprocess.CalledProcessError as error:
            sys.exit(40 + error.returncode)
        """
    )
    assert called.code == 41, called.text
    assert "is valid" in called.out


@pytest.mark.full
def test_output_of_a_call_goes_where_python_sends_it(project: Project) -> None:
    """A test that captures sys.stdout in memory sees what the command prints."""
    called = project.python(
        """
        import contextlib, io
        from prisma.cli import prisma
        with contextlib.redirect_stdout(io.StringIO()) as heard:
            prisma.run(["version"])
        assert "schema-engine-cli" in heard.getvalue()
        """
    )
    assert (called.code, "schema-engine-cli" in called.text) == (0, False), called.text


def test_an_application_keeps_its_environment(project: Project) -> None:
    """Importing the client sets no variable: only the command has a cache folder of its own."""
    seen = project.python("import os, prisma; print(os.environ.get('PRISMA_BINARY_CACHE_DIR'))")
    assert seen.out == "None\n", seen.text


@pytest.mark.parametrize(
    ("command", "url", "words"),
    [
        ("db push", "postgresql://u:p@127.0.0.1:1/x", "P1001"),
        ("migrate deploy", "mysql://u:p@127.0.0.1:1/x", WRONG_SCHEME),
        ("migrate status", "nonsense", WRONG_SCHEME),
        pytest.param("db push", "nonsense", WRONG_SCHEME, marks=pytest.mark.full),
        pytest.param(
            "migrate deploy", "postgresql://u@127.0.0.1:1", "P1001", marks=pytest.mark.full
        ),
    ],
)
def test_a_database_that_can_not_be_reached_is_named(
    project: Project, command: str, url: str, words: str
) -> None:
    """The command fails, with Prisma's own words, within seconds and without a traceback."""
    done = project.prisma(*command.split(), env={"DATABASE_URL": url}, limit=30)
    assert (done.code, words in done.text) == (1, True), done.text
    assert "Traceback" not in done.text


def test_a_wrong_password_is_p1000(project: Project, server: DatabaseServer) -> None:
    """The server refuses, and the command says that the credentials are not valid."""
    url = re.sub(r"//([^:]+):[^@]+@", r"//\1:wrong@", server.url_of("postgres"))
    if url == server.url_of("postgres"):
        pytest.skip("the server of TEST_DATABASE_URL asks for no password")
    done = project.prisma("migrate", "status", env={"DATABASE_URL": url})
    assert (done.code, "P1000" in done.text) == (1, True), done.text


def test_an_error_in_the_schema_names_its_line(project: Project) -> None:
    """Validation fails with the file and the line."""
    project.write("prisma/schema.prisma", "model User {\n  id Nothing @id\n}\n")
    done = project.prisma("validate")
    assert done.code == 1
    assert 'Type "Nothing" is neither a built-in type' in done.text
    assert "prisma/schema.prisma:2" in done.text


def test_generate_needs_no_database_and_no_url(project: Project) -> None:
    """With nothing set and nothing running, the client can be made."""
    done = project.prisma("generate")
    assert done.code == 0, done.text


def test_a_home_that_can_not_be_written_to_is_no_hindrance(project: Project) -> None:
    """A container's user often has no home; the command needs none once it is prepared."""
    url = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    no_home = url | {"HOME": os.devnull}
    done = project.prisma("validate", env=no_home)
    assert done.code == 0, done.text
    called = project.python(
        "from prisma.cli import prisma; assert prisma.run(['validate']) == 0", env=no_home
    )
    assert called.code == 0, called.text
