"""`prisma db push`, `pull` and `execute`, and the engine's own commands on whole databases."""

from collections.abc import Callable

import pytest
from cli_project import Project, full

PUSH = ("db", "push", "--skip-generate")
PULL = ("db", "pull")
EXECUTE = ("db", "execute")
ODD_TYPES = """CREATE TABLE "pulled" (
  id int PRIMARY KEY, at timestamptz, u uuid, j jsonb[], c "char", iv interval, e numeric(8,3)[]
)"""


def test_push(project: Project) -> None:
    """The database is created; data is lost only on demand; what can't be done is told."""
    project.prisma(*PUSH).expect(0, "database .* created.*now in sync")
    project.prisma(*PUSH).expect(0, "already in sync")
    project.sql("""INSERT INTO "User" (email, name) VALUES ('a', 'b')""")
    project.edit("  name      String?\n", "")
    project.prisma(*PUSH).expect(1, "Use the --accept-data-loss flag")
    project.prisma(*PUSH, "--accept-data-loss").expect(0, "now in sync")
    project.edit("email     String   @unique", "email     String   @unique\n  must String")
    project.prisma(*PUSH).expect(1, "Added the required column `must`.*without a default value")
    project.prisma(*PUSH, "--force-reset").expect(0, "successfully reset.*now in sync")


def test_pull(deployed: Project) -> None:
    """Tables, enums and views come back as a schema, with types that Prisma has no word for."""
    deployed.sql(ODD_TYPES, 'CREATE VIEW "v" AS SELECT 1 AS a')
    deployed.prisma(*PULL, "--print").expect(
        0, 'model pulled.*Json\\[\\].*Unsupported\\("interval"\\).*enum Role'
    )
    deployed.prisma(*PULL).expect(0, "Introspected 3 models")
    assert "model pulled" in deployed.schema.read_text()


@pytest.mark.full
def test_pull_keeps_the_word_of_prisma_5(deployed: Project) -> None:
    """A schema that says `fullTextSearch` still says so after a pull."""
    head = """generator g {
  provider        = "prisma-client-py"
  previewFeatures = ["fullTextSearch"]
}

"""
    deployed.schema.write_text(head + deployed.schema.read_text())
    deployed.prisma(*PULL).expect(0, "Introspected")
    assert '["fullTextSearch"]' in deployed.schema.read_text()


@pytest.mark.full
def test_pull_of_other_databases(make_project: Callable[..., Project]) -> None:
    """An empty database is P4001; another one is named by --url."""
    empty, other = make_project(exists=True), make_project(exists=True)
    other.sql('CREATE TABLE "Only" (id int PRIMARY KEY)')
    empty.prisma(*PULL, "--print").expect(1, "P4001")
    empty.prisma(*PULL, "--print", "--url", other.url).expect(0, "model Only")


def test_execute(make_project: Callable[..., Project]) -> None:
    """Scripts come from a file or stdin, whole, for a schema or a URL."""
    project = make_project(exists=True)
    (project.folder / "s.sql").write_text(
        "CREATE TABLE ex (id int); INSERT INTO ex VALUES (1), (2);"
    )
    done = "Script executed successfully"
    project.prisma(*EXECUTE, "--file", "s.sql", "--schema", "prisma/schema.prisma").expect(0, done)
    block = "DO $$ BEGIN INSERT INTO ex VALUES (3); END $$;"
    project.prisma(*EXECUTE, "--stdin", "--url", project.url, stdin=block).expect(0, done)
    assert project.sql("SELECT count(*) FROM ex") == [3]


@pytest.mark.parametrize(
    ("script", "pattern"),
    [
        full("thisisnotsql", 'ERROR: syntax error at or near "thisisnotsql"'),
        ("SELECT 1/0;", "ERROR: division by zero"),
    ],
)
def test_execute_fails(make_project: Callable[..., Project], script: str, pattern: str) -> None:
    """What the database says is passed on."""
    project = make_project(exists=True)
    project.prisma(*EXECUTE, "--stdin", "--url", project.url, stdin=script).expect(1, pattern)


def test_databases_made_and_dropped(make_project: Callable[..., Project]) -> None:
    """The engine's own commands: P1009 for a database that exists, P1003 for one that does not."""
    project = make_project(exists=True)
    at = ("cli", "--datasource", project.url)
    project.engine(*at, "can-connect-to-database").expect(0, "Connection successful")
    project.engine(*at, "create-database").expect(1, "P1009.*already exists on the database server")
    project.engine(*at, "drop-database").expect(0, "The database was successfully dropped")
    project.engine(*at, "drop-database").expect(1, "P1003.*does not exist")
    project.engine(*at, "create-database").expect(0, "was successfully created")
    project.engine(*at, "sing").expect(1, "Unknown command: sing")
