"""Databases and migrations that Prisma 5 made: no drift, and scripts that fit what is there."""

from collections.abc import Callable

import pytest
from cli_project import Project

DEV = ("migrate", "dev", "--skip-generate")
PUSH = ("db", "push", "--skip-generate")
INDEXES = "SELECT indexname FROM pg_indexes WHERE tablename = '{}' ORDER BY 1"

SCHEMA = """generator client {
  provider        = "prisma-client-py"
  previewFeatures = ["fullTextSearch"]
}

datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

model Post {
  id    Int    @id @default(autoincrement())
  title String
  tags  Tag[]
}

model Tag {
  id    String @id
  posts Post[]
}
"""

TAGS = """-- CreateTable
CREATE TABLE "Post" (
    "id" SERIAL NOT NULL,
    "title" TEXT NOT NULL,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Tag" (
    "id" TEXT NOT NULL,

    CONSTRAINT "Tag_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "_PostToTag" (
    "A" INTEGER NOT NULL,
    "B" TEXT NOT NULL
);

-- CreateIndex
CREATE UNIQUE INDEX "_PostToTag_AB_unique" ON "_PostToTag"("A", "B");

-- CreateIndex
CREATE INDEX "_PostToTag_B_index" ON "_PostToTag"("B");

-- AddForeignKey
ALTER TABLE "_PostToTag" ADD CONSTRAINT "_PostToTag_A_fkey" FOREIGN KEY ("A") REFERENCES "Post"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_PostToTag" ADD CONSTRAINT "_PostToTag_B_fkey" FOREIGN KEY ("B") REFERENCES "Tag"("id") ON DELETE CASCADE ON UPDATE CASCADE;
"""

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
LONG_TABLES = f"""CREATE TABLE "A" ("id" INTEGER NOT NULL, CONSTRAINT "A_pkey" PRIMARY KEY ("id"));
CREATE TABLE "B" ("id" INTEGER NOT NULL, CONSTRAINT "B_pkey" PRIMARY KEY ("id"));
CREATE TABLE "_{LONG}" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL);
CREATE UNIQUE INDEX "_{LONG[:52]}_AB_unique" ON "_{LONG}"("A", "B");
CREATE INDEX "_{LONG[:54]}_B_index" ON "_{LONG}"("B");
ALTER TABLE "_{LONG}" ADD CONSTRAINT "_{LONG[:55]}_A_fkey" FOREIGN KEY ("A") REFERENCES "A"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_{LONG}" ADD CONSTRAINT "_{LONG[:55]}_B_fkey" FOREIGN KEY ("B") REFERENCES "B"("id") ON DELETE CASCADE ON UPDATE CASCADE;
"""


@pytest.fixture
def old(make_project: Callable[..., Project]) -> Project:
    """A project with a migration of Prisma 5, applied, and some rows."""
    project = make_project(SCHEMA)
    project.migration("20240101000000_init", TAGS)
    project.prisma("migrate", "deploy").expect(0, "successfully applied")
    project.sql(
        "INSERT INTO \"Post\" (title) VALUES ('p')",
        "INSERT INTO \"Tag\" VALUES ('t')",
        "INSERT INTO \"_PostToTag\" VALUES (1, 't')",
    )
    return project


def make_ids_text(project: Project) -> None:
    """A change of a type that the relation table has to follow."""
    project.edit("id    Int    @id @default(autoincrement())", "id    String @id")


def test_no_drift(old: Project, make_project: Callable[..., Project]) -> None:
    """The unique index of a relation table is as good as Prisma 6's primary key, for every command."""
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
    """Where a script has to rebuild the key, it drops the index that is really there, and the rows stay."""
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


def test_a_push_that_touches_the_key(old: Project) -> None:
    """A push makes the key before it changes it."""
    make_ids_text(old)
    old.prisma(*PUSH, "--accept-data-loss").expect(0, "now in sync")
    assert old.sql(INDEXES.format("_PostToTag")) == ["_PostToTag_AB_pkey", "_PostToTag_B_index"]
    old.prisma(*PUSH).expect(0, "already in sync")


def test_a_history_that_moved_to_keys(old: Project) -> None:
    """Who has gone Prisma 6's way by a migration sees no drift either."""
    old.migration(
        "20250101000000_keys",
        'ALTER TABLE "_PostToTag" ADD CONSTRAINT "_PostToTag_AB_pkey" PRIMARY KEY ("A", "B");\nDROP INDEX "_PostToTag_AB_unique";\n',
    )
    old.typed(*DEV).expect(0, "20250101000000_keys")
    old.typed(*DEV).expect(0, "Already in sync")


def test_long_names(make_project: Callable[..., Project]) -> None:
    """A relation whose name is cut in the names of its indexes is no drift."""
    project = make_project(LONG_SCHEMA, exists=True)
    project.sql(*LONG_TABLES.strip().split("\n"))
    project.prisma(*PUSH).expect(0, "already in sync")


def test_a_relation_table_that_is_a_model(make_project: Callable[..., Project]) -> None:
    """A model that maps such a table keeps its unique index."""
    project = make_project(exists=True)
    project.schema.write_text(
        'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
        'model Pair {\n  A Int\n  B Int\n  @@unique([A, B], map: "_Pair_AB_unique")\n  @@map("_Pair")\n}\n'
    )
    project.prisma(*PUSH).expect(0, "now in sync")
    project.prisma(*PUSH).expect(0, "already in sync")
    assert project.sql(INDEXES.format("_Pair")) == ["_Pair_AB_unique"]
