"""Schemas that are folders, and schemas in places that the project names.

Prisma 5.17's CLI, with its preview feature `prismaSchemaFolder`, took `prisma/schema/` by itself
and had the migrations of `prisma/schema/` in `prisma/migrations/`. Prisma 6 wants to be told of the
folder, and looks for the migrations beside the file with the datasource.
"""

from pathlib import Path

import pytest
from projects import SCHEMA, Project

FEATURE = 'previewFeatures      = ["prismaSchemaFolder"]'
HEAD, _, MODELS = SCHEMA.partition("enum Role")
BASE = HEAD.replace('"prisma-client-py"\n', f'"prisma-client-py"\n  {FEATURE}\n')
USER, _, POST = f"enum Role{MODELS}".partition("model Post")
DEV = ("migrate", "dev", "--name", "init", "--skip-generate")
PUSH = ("db", "push", "--skip-generate")
SAID = {"PRISMA_SCHEMA_PATH": "prisma/schema"}
NAMED = {"PRISMA_SCHEMA_PATH": "backend/db"}


def make_folder(project: Project, folder: str = "prisma/schema", base: str = BASE) -> None:
    """Write the schema as a folder of files instead of as one file."""
    (project.folder / "prisma/schema.prisma").unlink(missing_ok=True)
    project.write(f"{folder}/base.prisma", base)
    project.write(f"{folder}/people/user.prisma", USER)
    project.write(f"{folder}/post.prisma", f"model Post{POST}")


def expect(project: Project, code: int, words: str, *command: str, **env: str) -> str:
    done = project.prisma(*command, env=env)
    assert (done.code, words in done.text) == (code, True), done.text
    assert "deprecated" not in done.text
    return done.text


def test_every_command_takes_the_folder(project: Project, database: str) -> None:
    """`prisma/schema/` is the schema, its migrations are in `prisma/migrations/`; no warnings."""
    make_folder(project)
    project.write(".env", f'DATABASE_URL="{database}"\n')
    expect(project, 0, "Formatted prisma/schema", "format")
    expect(project, 0, "are valid", "validate")
    expect(project, 0, "now in sync", *DEV)
    assert [file.name for file in (project.folder / "prisma/migrations").glob("*/*.sql")]
    assert not (project.folder / "prisma/schema/migrations").exists()
    expect(project, 0, "up to date", "migrate", "status")
    expect(project, 0, "No pending migrations", "migrate", "deploy")
    expect(project, 0, "already in sync", *PUSH)
    expect(project, 0, "reset successful", "migrate", "reset", "--force", "--skip-generate")
    sides = ("--from-schema-datasource", "prisma/schema", "--to-schema-datamodel", "prisma/schema")
    expect(project, 0, "No difference", "migrate", "diff", "--exit-code", *sides)
    project.write("one.sql", "SELECT 1;")
    expect(project, 0, "executed", "db", "execute", "--file", "one.sql", **SAID)
    people = project.folder / "prisma/schema/people/user.prisma"
    before = sorted(people.read_text().split())
    expect(project, 0, "Introspected 2 models", "db", "pull")
    assert sorted(people.read_text().split()) == before
    expect(project, 0, "Generated Prisma Client Python", "generate")
    out = project.run("prisma-wasm", "doctor").out
    assert "MISSING" not in out, out
    assert "ok      Migrations: all applied, 1" in out
    code = """
        import asyncio, prisma
        async def main():
            async with prisma.Prisma() as client:
                await client.user.create(data={"email": "a", "posts": {"create": [{"title": "t"}]}})
                print((await client.user.find_first(include={"posts": True})).posts[0].title)
        asyncio.run(main())
    """
    assert project.python(code).out == "t\n"


@pytest.mark.parametrize(
    ("files", "migrations"),
    [
        (["prisma/migrations/migration_lock.toml"], "prisma/migrations"),
        (["prisma/schema/migrations/migration_lock.toml"], "prisma/schema/migrations"),
        (["prisma/migrations/0001_initial.py"], "prisma/schema/migrations"),
    ],
)
def test_migrations_stay_where_they_are(
    project: Project, database: str, files: list[str], migrations: str
) -> None:
    """Without the feature of Prisma 5 new migrations are where Prisma 6 has them."""
    make_folder(project, base=HEAD)
    project.write(".env", f'DATABASE_URL="{database}"\n')
    for file in files:
        project.write(file, 'provider = "postgresql"\n')
    expect(project, 0, "now in sync", *DEV)
    written = [str(file.relative_to(project.folder)) for file in project.folder.rglob("*.sql")]
    assert [str(Path(file).parents[1]) for file in written] == [migrations]


@pytest.mark.parametrize(
    ("settings", "variables", "place"),
    [
        ("", NAMED, "backend/db"),
        ("", {"PRISMA_SCHEMA_PATH": "backend/db/one.prisma"}, "backend/db/one.prisma"),
        ('[tool.prisma]\nschema = "backend/db"\n', {}, "backend/db"),
        ('[tool.prisma]\nschema = "nowhere"\n', NAMED, "backend/db"),
        ('[tool.prisma]\nbinary_cache_dir = "x"\n', {}, "prisma/schema.prisma"),
    ],
)
def test_configured_places(
    project: Project, settings: str, variables: dict[str, str], place: str
) -> None:
    """PRISMA_SCHEMA_PATH, then `[tool.prisma] schema`, come before the default; --schema wins."""
    project.write("backend/db/one.prisma", SCHEMA)
    project.write("pyproject.toml", settings)
    url = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    done = project.prisma("validate", env={**url, **variables})
    assert (done.code, f"loaded from {place}\n" in done.text) == (0, True), done.text
    done = project.prisma("validate", "--schema", "prisma/schema.prisma", env={**url, **variables})
    assert (done.code, "loaded from prisma/schema.prisma\n" in done.text) == (0, True), done.text


def test_a_place_in_dotenv(project: Project) -> None:
    """PRISMA_SCHEMA_PATH may be in .env."""
    make_folder(project, "backend/db")
    project.write(
        ".env", "PRISMA_SCHEMA_PATH=backend/db\nDATABASE_URL=postgresql://u@127.0.0.1:1/x\n"
    )
    expect(project, 0, "loaded from backend/db\n", "validate")


@pytest.mark.parametrize(
    ("settings", "variables", "words"),
    [
        ("", {"PRISMA_SCHEMA_PATH": "nowhere"}, "PRISMA_SCHEMA_PATH names "),
        ('[tool.prisma]\nschema = "nowhere"\n', {}, "[tool.prisma] schema names "),
        ("[tool.prisma]\nschema = 1\n", {}, "[tool.prisma] schema must be a path, not 1."),
    ],
)
def test_wrong_places(
    project: Project, settings: str, variables: dict[str, str], words: str
) -> None:
    """The error says who names the place; the doctor says so too."""
    project.write("pyproject.toml", settings)
    for command in (("prisma", "validate"), ("prisma-wasm", "doctor")):
        done = project.run(*command, env=variables)
        assert (done.code, words in done.text) == (1, True), done.text


def test_a_file_and_a_folder(project: Project) -> None:
    """5.17 refused to choose between the two, and so do all commands here."""
    make_folder(project)
    project.write("prisma/schema.prisma", SCHEMA)
    words = "There are Prisma schemas at both prisma/schema.prisma and prisma/schema."
    expect(project, 1, words, "validate")
    assert f"MISSING Schema: {words}" in project.run("prisma-wasm", "doctor").out


def test_features_that_prisma_6_has_without_a_name(project: Project) -> None:
    """No command warns of features that Prisma 5 wants named; of older ones it does, as ever."""
    listed = (
        "prismaSchemaFolder tracing metrics multiSchema driverAdapters omitApi fullTextIndex deno"
    )
    quoted = ", ".join(
        f'"{name}"' for name in [*listed.split(), "fullTextSearch", "fieldReference"]
    )
    project.write(
        "prisma/schema.prisma",
        BASE.replace('"prismaSchemaFolder"', quoted) + USER + f"model Post{POST}",
    )
    done = project.prisma("validate", env={"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"})
    assert done.code == 0, done.text
    assert "Prisma schema warning:" in done.text
    assert done.text.count("deprecated") == 1
    assert "fieldReference" in done.text
