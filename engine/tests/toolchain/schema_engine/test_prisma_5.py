"""Databases and migrations that Prisma 5 made: no drift, and scripts that fit what is there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cli_project import Project

DEV = ("migrate", "dev", "--skip-generate")
PUSH = ("db", "push", "--skip-generate")
INDEXES = "SELECT indexname FROM pg_indexes WHERE tablename = '{}' ORDER BY 1"


DATA = Path(__file__).parent / "data"
SCHEMA = (DATA / "prisma_5.prisma").read_text()
TAGS = (DATA / "prisma_5.sql").read_text()

# A relation whose name leaves no room for "_AB_unique" in the 63 characters of a name.
LONG = "r" * 59
LONG_SCHEMA = f"""datasource db {{
  provider = "postgresql"
  url      = env("DATABASE_URL")
}}

model A {{
  id Int @id
  b  B[] @relation("{LONG}")
}}

model B {{
  id Int @id
  a  A[] @relation("{LONG}")
}}
"""
REFERENCES = 'FOREIGN KEY ("{0}") REFERENCES "{0}"("id") ON DELETE CASCADE ON UPDATE CASCADE'
LONG_TABLES = f"""CREATE TABLE "A" ("id" INTEGER NOT NULL, CONSTRAINT "A_pkey" PRIMARY KEY ("id"));
CREATE TABLE "B" ("id" INTEGER NOT NULL, CONSTRAINT "B_pkey" PRIMARY KEY ("id"));
CREATE TABLE "_{LONG}" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL);
CREATE UNIQUE INDEX "_{LONG[:52]}_AB_unique" ON "_{LONG}"("A", "B");
CREATE INDEX "_{LONG[:54]}_B_index" ON "_{LONG}"("B");
ALTER TABLE "_{LONG}" ADD CONSTRAINT "_{LONG[:55]}_A_fkey" {REFERENCES.format("A")};
ALTER TABLE "_{LONG}" ADD CONSTRAINT "_{LONG[:55]}_B_fkey" {REFERENCES.format("B")};
"""


@pytest.fixture(scope="module")
def old_project(make_module_project: Callable[..., Project]) -> Project:
    """The project that `old` copies."""
    project = make_module_project(SCHEMA)
    project.migration("20240101000000_init", TAGS)
    project.prisma("migrate", "deploy").expect(0, "successfully applied")
    project.sql(
        "INSERT INTO \"Post\" (title) VALUES ('p')",
        "INSERT INTO \"Tag\" VALUES ('t')",
        "INSERT INTO \"_PostToTag\" VALUES (1, 't')",
    )
    return project


@pytest.fixture
def old(make_project: Callable[..., Project], old_project: Project) -> Project:
    """A project with a migration of Prisma 5, applied, and some rows."""
    return make_project(like=old_project)


def make_ids_text(project: Project) -> None:
    """A change of a type that the relation table has to follow."""
    project.edit("id    Int    @id @default(autoincrement())", "id    String @id")


def test_no_drift(old: Project, make_project: Callable[..., Project]) -> None:
    """The unique index of a relation table is as good as Prisma 6's key, for every command."""
    shadow = make_project(exists=True)
    old.typed(*DEV).expect(0, "Already in sync")
    old.prisma("migrate", "status").expect(0, "up to date")
    old.prisma(*PUSH).expect(0, "already in sync")
    diff = ("migrate", "diff", "--exit-code", "--to-schema-datamodel", "prisma/schema.prisma")
    old.prisma(*diff, "--from-schema-datasource", "prisma/schema.prisma").expect(0, "No difference")
    old.prisma(*diff, "--from-url", old.url).expect(0, "No difference")
    migrations = ("--from-migrations", "prisma/migrations", "--shadow-database-url", shadow.url)
    old.prisma(*diff, *migrations).expect(0, "No difference")
    old.prisma("db", "pull", "--print").expect(0, r"posts Post\[\]").lacks("_PostToTag")
    assert old.sql(INDEXES.format("_PostToTag")) == ["_PostToTag_AB_unique", "_PostToTag_B_index"]


@pytest.mark.full
def test_other_changes_leave_the_table_alone(old: Project) -> None:
    """A migration says only what has changed, and a new relation table is Prisma 6's."""
    old.edit("posts Post[]", "posts Post[]\n  users User[]")
    old.schema.write_text(
        old.schema.read_text() + "\nmodel User {\n  id   Int   @id\n  tags Tag[]\n}\n"
    )
    old.typed(*DEV, "--name", "more").expect(0, "have been created and applied")
    script = old.written("_more")
    assert "_PostToTag" not in script
    assert 'CONSTRAINT "_TagToUser_AB_pkey" PRIMARY KEY ("A","B")' in script
    old.typed(*DEV).expect(0, "Already in sync")


def test_a_migration_that_touches_the_key(old: Project) -> None:
    """A script that rebuilds the key drops the index that is really there; the rows stay."""
    make_ids_text(old)
    old.typed(*DEV, "--name", "ids", answers={"Are you sure": "y"}).expect(
        0, "have been created and applied"
    )
    script = old.written("_ids")
    assert 'DROP INDEX "_PostToTag_AB_unique"' in script
    assert 'DROP CONSTRAINT "_PostToTag_AB_pkey"' not in script
    assert old.sql(INDEXES.format("_PostToTag")) == ["_PostToTag_AB_pkey", "_PostToTag_B_index"]
    assert old.sql('SELECT "A" FROM "_PostToTag"') == ["1"]
    old.typed(*DEV).expect(0, "Already in sync")


@pytest.mark.full
def test_a_diff_that_touches_the_key(old: Project) -> None:
    """The script of a diff can be executed."""
    make_ids_text(old)
    diff = (
        "migrate",
        "diff",
        "--script",
        "--from-url",
        old.url,
        "--to-schema-datamodel",
        "prisma/schema.prisma",
    )
    old.prisma(*diff, "--output", "change.sql").expect(0, "")
    old.prisma("db", "execute", "--file", "change.sql", "--url", old.url).expect(
        0, "executed successfully"
    )
    old.prisma(*PUSH).expect(0, "already in sync")


@pytest.mark.full
def test_a_push_that_touches_the_key(old: Project) -> None:
    """A push makes the key before it changes it."""
    make_ids_text(old)
    old.prisma(*PUSH, "--accept-data-loss").expect(0, "now in sync")
    assert old.sql(INDEXES.format("_PostToTag")) == ["_PostToTag_AB_pkey", "_PostToTag_B_index"]
    old.prisma(*PUSH).expect(0, "already in sync")


@pytest.mark.full
def test_a_history_that_moved_to_keys(old: Project) -> None:
    """Who has gone Prisma 6's way by a migration sees no drift either."""
    old.migration(
        "20250101000000_keys",
        'ALTER TABLE "_PostToTag" ADD CONSTRAINT "_PostToTag_AB_pkey" PRIMARY KEY ("A", "B");\n'
        'DROP INDEX "_PostToTag_AB_unique";\n',
    )
    old.typed(*DEV).expect(0, "20250101000000_keys")
    old.typed(*DEV).expect(0, "Already in sync")


def test_long_names(make_project: Callable[..., Project]) -> None:
    """A relation whose name is cut in the names of its indexes is no drift."""
    project = make_project(LONG_SCHEMA, exists=True)
    project.sql(*LONG_TABLES.strip().split("\n"))
    project.prisma(*PUSH).expect(0, "already in sync")


@pytest.mark.full
def test_a_relation_table_that_is_a_model(make_project: Callable[..., Project]) -> None:
    """A model that maps such a table keeps its unique index."""
    project = make_project(exists=True)
    project.schema.write_text(
        'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
        "model Pair {\n  A Int\n  B Int\n"
        '  @@unique([A, B], map: "_Pair_AB_unique")\n  @@map("_Pair")\n}\n'
    )
    project.prisma(*PUSH).expect(0, "now in sync")
    project.prisma(*PUSH).expect(0, "already in sync")
    assert project.sql(INDEXES.format("_Pair")) == ["_Pair_AB_unique"]


def test_defaults_of_bytes(make_project: Callable[..., Project]) -> None:
    """Their base64 may go without its padding, as for Prisma 5; other texts stay as they are."""
    project = make_project("""datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

model File {
  id   Int     @id
  one  Bytes   @default("foo") @map("abc")
  full Bytes   @default("Zm8=")
  many Bytes[] @default(["foo", "Zm9v"]) // "foo"
  text String  @default("foo")
}
""")
    project.prisma("validate").expect(0, "is valid")
    project.prisma("format").expect(0, "Formatted")
    assert '@default(["foo", "Zm9v"])' in project.schema.read_text()
    project.prisma(*PUSH).expect(0, "in sync")
    project.sql('INSERT INTO "File" (id) VALUES (1)')
    columns = """encode(abc, 'hex'), encode("full", 'hex'), many, text"""
    found = project.sql(f"""SELECT concat_ws(' ', {columns}) FROM "File" """)
    assert found == [r'7e8a 666f {"\\x7e8a","\\x666f6f"} foo']
    project.prisma(*PUSH).expect(0, "already in sync")
