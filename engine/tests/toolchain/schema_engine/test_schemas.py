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
    project.edit('env("DATABASE_URL")', f'env("DATABASE_URL")\n  extensions = [{extension}]')
    generator = """generator c {
  provider        = "prisma-client-js"
  previewFeatures = ["postgresqlExtensions"]
}
"""
    project.schema.write_text(generator + project.schema.read_text())
    project.typed(*DEV, "--name", "x").expect(0, "in sync")
    assert "CREATE EXTENSION" in project.written("_x")
    project.prisma(*PUSH).expect(0, "already in sync")
    project.typed(*DEV).expect(0, "Already in sync")
