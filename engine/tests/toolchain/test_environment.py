"""Where the URLs come from: .env files as Prisma reads them, DIRECT_URL, the embedded database."""

import json
import os
import signal
import socket
import subprocess
import time
import tomllib
from pathlib import Path

import psutil
import pytest
from projects import SCHEMA, Project

from prisma_wasm.toolchain import dotenv

DIRECT = SCHEMA.replace("DATABASE_URL", "POOLED").replace(
    'env("POOLED")\n', 'env("POOLED")\n  directUrl = env("UNPOOLED")\n'
)
EMBEDDED = """
[project]
name = "My Shop"
version = "1"

[tool.prisma-wasm]
database = "embedded"
"""
# A generator that says what it was given: Prisma's own reading of the environment.
TELLER = r"""
import json, os, sys
names = json.load(open("names.json"))
for line in sys.stdin:
    request = json.loads(line)
    if request["method"] == "getManifest":
        result = {"manifest": {"prettyName": "Teller", "defaultOutput": "."}}
    else:
        json.dump({name: os.environ.get(name) for name in names}, open("told.json", "w"))
        result = None
    answer = {"jsonrpc": "2.0", "id": request["id"], "result": result}
    print(json.dumps(answer), file=sys.stderr, flush=True)
"""


def told_by_prisma(project: Project, names: list[str], env: dict[str, str]) -> dict[str, str]:
    """The variables as a generator sees them in the Prisma CLI's environment."""
    project.write("names.json", json.dumps(names))
    project.write("teller.py", TELLER)
    schema = project.folder / "prisma/schema.prisma"
    python = project.environment.program("python")
    told = f'generator teller {{\n  provider = "{python} teller.py"\n}}\n'
    schema.write_text(told + SCHEMA[SCHEMA.index("datasource") :])
    done = project.prisma("generate", env=env)
    assert done.code == 0, done.text
    return json.loads((project.folder / "told.json").read_text())


def test_env_files_are_read_as_prisma_reads_them(project: Project) -> None:
    """For every form of a line, our reading and Prisma's own give the same value."""
    project.write(
        ".env",
        """
        PLAIN=value
        SPACED =  two words   # and a comment
        HASH="with # inside" # outside
        SINGLE='single ${PLAIN} \\n'
        DOUBLE="line\\nbreak"
        BACKTICK=`it's "quoted"`
        export EXPORTED=yes
        COLON: colon
        EMPTY=
        EMPTY_QUOTED=""
        REFERENCE=${PLAIN}-${SPACED}
        DEEP="${REFERENCE}!"
        ESCAPED=\\${PLAIN}
        UNKNOWN=[${NOT_THERE}]
        DOLLAR=pa$$word$PLAIN
        OUTSIDE=from the file
        FROM_OUTSIDE=${OUTSIDE}
        URL="postgresql://u:p%40s@host:5432/db?schema=a&b=c"
        MULTI="one
        two"
        TWICE=first
        TWICE=second
          INDENTED=yes
        # COMMENTED=no
        """,
    )
    env = {"OUTSIDE": "from the process", "DATABASE_URL": ""}
    ours = dotenv.variables(env, cwd=project.folder, schema_argument=None)
    assert len(ours) > 20
    assert told_by_prisma(project, list(ours), env) == ours


def test_the_env_file_beside_the_schema_comes_before_the_projects(project: Project) -> None:
    """Prisma reads one of .env beside the schema, prisma/.env and .env, in this order."""
    project.write("other/schema.prisma", SCHEMA)
    expected: list[tuple[str, str | None]] = [
        (".env", None),
        ("prisma/.env", None),
        ("other/.env", "other/schema.prisma"),
    ]
    for path, argument in expected:
        project.write(path, f"DATABASE_URL=postgresql://{path}\n")
        found = dotenv.files(cwd=project.folder, schema_argument=argument)
        assert found == [project.folder / path]
        options = ("--schema", argument) if argument else ()
        assert f"loaded from {path}" in project.prisma("validate", *options).text


def test_an_unset_direct_url_is_the_url(project: Project, database: str) -> None:
    """One URL alone is enough, whatever the variables are called and wherever it is set."""
    project.write("prisma/schema.prisma", DIRECT)
    assert project.prisma("validate", env={"POOLED": database}).code == 0
    project.write(".env", f'POOLED="{database}"\n')
    done = project.prisma("migrate", "dev", "--name", "one", "--skip-generate")
    assert done.code == 0, done.text


def test_a_direct_url_that_is_set_is_used(project: Project, database: str) -> None:
    """Migrations go over the direct connection, not over the pooled one."""
    project.write("prisma/schema.prisma", DIRECT)
    pooled = "postgresql://u@127.0.0.1:1/pooled"
    done = project.prisma("migrate", "deploy", env={"POOLED": pooled, "UNPOOLED": database})
    assert done.code == 0, done.text
    wrong_way = project.prisma("migrate", "deploy", env={"POOLED": database, "UNPOOLED": pooled})
    assert (wrong_way.code, "P1001" in wrong_way.text) == (1, True), wrong_way.text


def test_a_url_that_is_nowhere_set_is_prismas_own_error(project: Project) -> None:
    """Nothing is made up where the project asks for no embedded database."""
    done = project.prisma("migrate", "status")
    assert done.code == 1
    assert "Environment variable not found: DATABASE_URL." in done.text


def test_an_embedded_project_needs_no_url(project: Project) -> None:
    """Commands that read the schema start nothing; the first that needs a database starts it.

    An empty DATABASE_URL is none.
    """
    variables = {"DATABASE_URL": ""}
    project.write("pyproject.toml", EMBEDDED)
    for command in ("validate", "format", "generate", "version"):
        done = project.prisma(command, env=variables)
        assert done.code == 0, done.text
    assert not (project.folder / ".data").exists()
    try:
        made = project.prisma("migrate", "dev", "--name", "one")
        assert made.code == 0, made.text
        assert 'PostgreSQL database "my_shop"' in made.out
        below = project.folder / "src" / "deeper"
        below.mkdir(parents=True)
        schema = str(project.folder / "prisma/schema.prisma")
        status = project.prisma("migrate", "status", "--schema", schema, cwd=below, env=variables)
        assert status.code == 0, status.text
        rows = project.run("prisma-wasm", "db", "psql", "-Atc", 'SELECT count(*) FROM "User"')
        assert rows.out == "0\n", rows.text
        assert project.run("prisma-wasm", "db", "status").code == 0
        url = project.run("prisma-wasm", "db", "url").out
        assert url.startswith("postgresql://")
        assert url.endswith("/my_shop\n")
    finally:
        stopped = project.run("prisma-wasm", "db", "stop")
    assert stopped.code == 0, stopped.text
    assert project.run("prisma-wasm", "db", "status").code == 3
    assert project.run("prisma-wasm", "db", "reset").code == 1
    assert project.run("prisma-wasm", "db", "reset", "--force").code == 0


@pytest.mark.parametrize("place", [pytest.param("process", marks=pytest.mark.full), ".env"])
def test_an_embedded_database_is_not_touched_when_a_url_is_set(
    project: Project, database: str, place: str
) -> None:
    """DATABASE_URL decides, in the environment and in .env alike."""
    project.write("pyproject.toml", EMBEDDED)
    if place == ".env":
        project.write(".env", f"DATABASE_URL={database}\n")
    env = {"DATABASE_URL": database} if place == "process" else {}
    done = project.prisma("db", "push", "--skip-generate", env=env)
    assert done.code == 0, done.text
    assert not (project.folder / ".data").exists()


def test_a_wrong_setting_is_named(project: Project) -> None:
    """A database of a kind that there is not: the file and the setting, no traceback."""
    project.write("pyproject.toml", EMBEDDED.replace('"embedded"', '"emebdded"'))
    done = project.prisma("migrate", "status")
    assert done.code == 1
    assert "[tool.prisma-wasm] database must be" in done.err
    assert "Traceback" not in done.err


BROKEN = '[project]\nname = "other"\n[tool.prisma\n'


@pytest.mark.parametrize(
    "command", ["prisma validate", "prisma migrate status", "prisma-wasm db url"]
)
def test_a_broken_pyproject_is_named(project: Project, command: str) -> None:
    """One line says which file, which line and what is wrong with it."""
    project.write("pyproject.toml", BROKEN)
    done = project.run(*command.split())
    assert done.code == 1
    (line,) = done.text.strip().splitlines()
    assert f"{project.folder / 'pyproject.toml'} is not valid TOML: " in line
    assert "at line 3" in line


def test_a_pyproject_that_is_no_text_is_named(project: Project) -> None:
    """Bytes that are not UTF-8 have a line too, for the doctor and for the client."""
    (project.folder / "pyproject.toml").write_bytes(b"[project]\nname = '\xff'\n")
    words = f"{project.folder / 'pyproject.toml'} is not valid TOML: line 2 is not UTF-8"
    looked = project.run("prisma-wasm", "doctor")
    assert (looked.code, words in looked.out, looked.err) == (1, True, ""), looked.text
    asked = project.python(
        """
        from pathlib import Path
        from prisma_wasm import config
        try:
            config.database_url(Path.cwd(), {})
        except config.ConfigError as error:
            print(error)
        """
    )
    assert asked.out == f"{words}\n", asked.text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param("tool = 1", "`tool` must be a table, not 1", marks=pytest.mark.full),
        pytest.param(
            "[tool]\nprisma = 5", "`prisma` must be a table, not 5", marks=pytest.mark.full
        ),
        (
            '[tool.prisma]\nuse_global_node = "perhaps"',
            "[tool.prisma] use_global_node must be true or false, not 'perhaps'",
        ),
    ],
)
def test_settings_of_another_type_are_named(project: Project, settings: str, words: str) -> None:
    """Upstream would read them and end with a traceback."""
    file = project.write("pyproject.toml", settings)
    done = project.prisma("validate")
    assert (done.code, done.text) == (1, f"{file}: {words}\n")
    assert f"MISSING Settings: {file}: {words}\n" in project.run("prisma-wasm", "doctor").out


@pytest.mark.parametrize("provider", ["mysql", "cockroachdb"])
def test_another_kind_of_database_is_refused(project: Project, provider: str) -> None:
    """Nothing that needs a database or a client pretends to work with it."""
    schema = SCHEMA.replace('"postgresql"', f'"{provider}"')
    project.write("prisma/schema.prisma", schema)
    for command in ("migrate status", "migrate deploy", "db push", "generate"):
        done = project.prisma(*command.split(), env={"DATABASE_URL": f"{provider}://u@127.0.0.1/x"})
        assert done.code == 1, done.text
        assert f'The datasource has provider = "{provider}" in' in done.err
        assert 'prisma-wasm works with PostgreSQL: provider = "postgresql".' in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_what_it_started(
    project: Project, number: signal.Signals
) -> None:
    """A database that accepts and says nothing: Ctrl-C, or an end from outside, ends all of it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=60"
        command = subprocess.Popen(
            [project.environment.program("prisma"), "db", "push"],
            cwd=project.folder,
            env={**project.environment.variables, "DATABASE_URL": url},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        silent.settimeout(30)
        connection, _ = silent.accept()
        os.kill(command.pid, number)
        out, _ = command.communicate(timeout=30)
        connection.close()
    assert command.returncode == 128 + number, out
    assert "Traceback" not in out
    until = time.monotonic() + 10
    while _processes_of_session(command.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert _processes_of_session(command.pid) == []


def test_a_node_that_dies_is_named(project: Project) -> None:
    """Killed, as the kernel does where memory is short: an exit code alone tells nobody why."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=60"
        command = subprocess.Popen(
            [project.environment.program("prisma"), "db", "push"],
            cwd=project.folder,
            env={**project.environment.variables, "DATABASE_URL": url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        silent.settimeout(30)
        connection, _ = silent.accept()
        (node,) = psutil.Process(command.pid).children()
        node.kill()
        _, err = command.communicate(timeout=30)
        connection.close()
    assert (command.returncode, "Node, which runs the command, was ended by SIGKILL" in err) == (
        128 + signal.SIGKILL,
        True,
    ), err


def _processes_of_session(session: int) -> list[str]:
    found: list[str] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


@pytest.mark.parametrize("command", ["prisma-wasm db start", "prisma migrate status"])
def test_an_embedded_database_is_offered_as_it_can_be_pasted(
    project: Project, command: str
) -> None:
    """Where there is no URL, and no setting, this shows the one that pyproject.toml could have."""
    refused = project.run(*command.split())
    assert refused.code == 1, refused.text
    begin = refused.err.index("[tool.prisma-wasm]")
    added = tomllib.loads(refused.err[begin:])
    assert added == {"tool": {"prisma-wasm": {"database": "embedded"}}}


def test_who_has_a_url_is_offered_no_database(project: Project) -> None:
    """A command that fails for another reason says that reason alone."""
    url = "postgresql://u:p@127.0.0.1:1/x?connect_timeout=1"
    project.write(".env", f'DATABASE_URL="{url}"\n')
    refused = project.prisma("migrate", "resolve", "--applied", "nothing_such")
    assert refused.code == 1, refused.text
    assert "[tool.prisma-wasm]" not in refused.text
