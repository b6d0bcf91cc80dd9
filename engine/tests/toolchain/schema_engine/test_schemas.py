"""Schemas of all kinds: other places, several files, several database schemas, extensions."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_project import Project, full

PUSH = ("db", "push", "--skip-generate")
DEV = ("migrate", "dev", "--skip-generate")
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = '{}'"


@pytest.mark.full
def test_a_schema_from_elsewhere(deployed: Project, tmp_path: Path) -> None:
    """`--schema` works from any folder, with the .env beside it."""
    (deployed.folder / "prisma" / ".env").write_text((deployed.folder / ".env").read_text())
    deployed.prisma("migrate", "status", "--schema", str(deployed.schema), cwd=tmp_path).expect(
        0, "up to date"
    )


def test_a_folder_of_files(make_project: Callable[..., Project]) -> None:
    """Several files are one schema."""
    project = make_project()
    head, models = project.schema.read_text().split("\n\n", 1)
    project.schema.write_text(head + "\n")
    (project.folder / "prisma" / "models").mkdir()
    (project.folder / "prisma" / "models" / "all.prisma").write_text(models)
    project.prisma(*PUSH, "--schema", "prisma").expect(0, "in sync")
    assert project.sql(TABLES.format("public")) == [2]


@pytest.mark.full
def test_one_other_schema(project: Project) -> None:
    """`?schema=app` fills that schema and only looks there."""
    project.dotenv(DATABASE_URL=f"{project.url}?schema=app")
    project.prisma(*PUSH).expect(0, "in sync")
    assert project.sql(TABLES.format("app")) == [2]
    project.typed(*DEV, "--name", "x", answers={"want to continue": "n"}).expect(
        130, 'need to reset the "app" schema'
    )


def test_several_schemas(project: Project) -> None:
    """`schemas = [...]` are created, kept in sync and reset together."""
    project.edit('env("DATABASE_URL")', 'env("DATABASE_URL")\n  schemas = ["a", "b"]')
    for block, schema in (("enum Role {", "a"), ("model User {", "a"), ("model Post {", "b")):
        project.edit(block, f'{block}\n  @@schema("{schema}")')
    project.typed(*DEV, "--name", "x").expect(0, "in sync")
    project.typed(*DEV).expect(0, "Already in sync")
    project.prisma("migrate", "reset", "--force", "--skip-generate").expect(0, "reset successful")
    assert [project.sql(TABLES.format(schema)) for schema in "ab"] == [[1], [1]]


EXTENSIONS = """generator c {
  provider        = "prisma-client-js"
  previewFeatures = ["postgresqlExtensions"]
}

"""


def add_extensions(project: Project, listed: str) -> None:
    project.edit('env("DATABASE_URL")', f'env("DATABASE_URL")\n  extensions = [{listed}]')
    project.schema.write_text(EXTENSIONS + project.schema.read_text())


@pytest.mark.full
@pytest.mark.parametrize(
    "extension",
    [full("pgcrypto"), 'uuid_ossp(map: "uuid-ossp")'],
)
def test_extensions(make_project: Callable[..., Project], extension: str) -> None:
    """Extensions of a schema are created once."""
    project = make_project(exists=True)
    name = "uuid-ossp" if "map" in extension else extension
    if not project.sql(f"SELECT 1 FROM pg_available_extensions WHERE name = '{name}'"):
        pytest.skip(f"the server does not have {name}")
    add_extensions(project, extension)
    project.typed(*DEV, "--name", "x").expect(0, "in sync")
    assert "CREATE EXTENSION" in project.written("_x")
    project.prisma(*PUSH).expect(0, "already in sync")
    project.typed(*DEV).expect(0, "Already in sync")


def test_extensions_in_a_diff(make_project: Callable[..., Project], blog_sql: str) -> None:
    """A diff creates only those that are new: 5.17 looked at the extensions of both sides."""
    project, shadow = make_project(exists=True), make_project(exists=True)
    add_extensions(project, 'citext, trigrams(map: "pg_trgm")')
    project.edit("extensions =", "// extensions = [pgcrypto]\n  extensions =")
    history = project.migration(
        "20260101000000_init",
        'create extension if not exists CITEXT;\nCREATE EXTENSION "pg_trgm";\n'
        f"CREATE EXTENSION btree_gin; -- CREATE EXTENSION hstore;\n{blog_sql}",
    )
    project.prisma("migrate", "deploy").expect(0, "successfully applied")
    diff = ("migrate", "diff", "--exit-code", "--to-schema-datamodel", "prisma/schema.prisma")
    migrations = ("--from-migrations", "prisma/migrations", "--shadow-database-url", shadow.url)
    project.prisma(*diff, *migrations).expect(0, "No difference")
    project.prisma(*diff, "--from-url", project.url).expect(0, "No difference")
    project.prisma(*diff, "--from-schema-datamodel", "prisma/schema.prisma").expect(
        0, "No difference"
    )
    history.write_text(f"{history.read_text()}DROP EXTENSION citext;\n")
    project.edit("[citext", "[hstore, citext")
    added = project.prisma(*diff, *migrations, "--script")
    added.expect(2, 'CREATE EXTENSION IF NOT EXISTS "citext"').lacks("pg_trgm|pgcrypto")
    added.expect(2, 'CREATE EXTENSION IF NOT EXISTS "hstore"')
    empty = project.prisma(*diff, "--from-empty", "--script")
    empty.expect(2, 'CREATE EXTENSION IF NOT EXISTS "pg_trgm"')
