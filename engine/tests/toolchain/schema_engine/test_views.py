"""Views with @id, @@id and @@index: Prisma 5.17 accepted them, the Prisma 6 CLI refuses them.

What 5.17 did with them is known from its own code: ids and unique keys of a view are for queries
alone, a migration never makes anything of a view, `db pull` keeps what the schema says of its keys.
"""

from collections.abc import Callable, Iterator

import pytest
from cli_project import Project

HEAD = """generator client {
  provider        = "prisma-client-js"
  previewFeatures = ["views"]
}

datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

"""
USER = "model User {\n  id Int @id\n  scores Score[]\n}\n"
MODELS = """model User {
  id     Int     @id @default(autoincrement())
  name   String
  score  Score?
  counts Count[]
}

view Score {
  userId Int    @id(map: "score_key") @unique
  name   String @unique(map: "name_key", sort: Desc) // its @id is another
  total  Int?
  user   User   @relation(fields: [userId], references: [id])

  @@index([total(sort: Desc)], map: "total_index")
}

/// A view with a compound id.
view Count {
  userId Int
  day    DateTime @db.Date
  amount BigInt
  user   User     @relation(fields: [userId], references: [id])

  @@id([userId, day], name: "of_day", map: "count_key")
  @@unique([day, amount], map: "day_amount")
  @@index(fields: [amount])
  @@map("daily_count")
}
"""
SCHEMA = HEAD + MODELS
VIEWS = """CREATE VIEW "Score" AS
  SELECT id AS "userId", name, length(name) AS total FROM "User";
CREATE VIEW daily_count AS
  SELECT id AS "userId", DATE '2026-01-02' AS day, 3::bigint AS amount FROM "User";
"""
DEV = ("migrate", "dev", "--skip-generate")
PUSH = ("db", "push", "--skip-generate")
RELATIONS = """SELECT relname || ' ' || relkind::text FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1"""
MADE = ["Score v", "User r", "_prisma_migrations r", "daily_count v"]


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Iterator[Project]:
    """A project whose schema has such views; no command changes its file."""
    made = make_project(SCHEMA)
    yield made
    assert made.schema.read_text() == SCHEMA


def test_validate_and_format(project: Project) -> None:
    """The schema is valid, and formatting keeps what it says."""
    project.prisma("validate").expect(0, "is valid").lacks("[Ww]arn")
    project.prisma("format").expect(0, "Formatted")


def test_migrations(project: Project) -> None:
    """Every command of migrations works; views are no drift and no part of any script."""
    project.typed(*DEV, "--name", "init").expect(0, "in sync")
    assert "Score" not in project.written("_init")
    assert "count" not in project.written("_init")
    project.migration("20990101000000_views", VIEWS)
    project.prisma("migrate", "status").expect(1, "have not yet been applied")
    project.prisma("migrate", "deploy").expect(0, "successfully applied")
    assert project.sql(RELATIONS) == MADE
    project.typed(*DEV).expect(0, "Already in sync")
    project.prisma(*PUSH).expect(0, "already in sync")
    project.prisma("migrate", "reset", "--force", "--skip-generate").expect(0, "reset successful")
    assert project.sql(RELATIONS) == MADE


def test_diff(project: Project, make_project: Callable[..., Project]) -> None:
    """From and to a schema with such views there is nothing about them."""
    shadow = make_project(exists=True)
    project.prisma(*PUSH).expect(0, "now in sync")
    project.sql(*VIEWS.strip().split(";\n"))
    user = 'CREATE TABLE "User" (id SERIAL NOT NULL, name TEXT NOT NULL, '
    key = 'CONSTRAINT "User_pkey" PRIMARY KEY (id));'
    project.migration("20260101000000_init", f"{user}{key}\n{VIEWS}")
    migrations = ("--from-migrations", "prisma/migrations", "--shadow-database-url", shadow.url)
    file = "prisma/schema.prisma"
    for sides in (
        ("--from-schema-datamodel", file, "--to-url", project.url),
        ("--from-schema-datasource", file, "--to-schema-datamodel", file),
        (*migrations, "--to-schema-datamodel", file),
    ):
        project.prisma("migrate", "diff", "--exit-code", *sides).expect(0, "No difference")


def test_pull(project: Project) -> None:
    """`db pull` writes the views with the keys and indexes that the schema says they have."""
    project.prisma(*PUSH).expect(0, "now in sync")
    project.sql(*VIEWS.strip().split(";\n"))
    printed = project.prisma("db", "pull", "--print")
    for line in (
        r'userId +Int +@id\(map: "score_key"\) @unique',
        r'name +String +@unique\(map: "name_key", sort: Desc\)',
        r'@@index\(\[total\(sort: Desc\)\], map: "total_index"\)',
        r'@@id\(\[userId, day\], name: "of_day", map: "count_key"\)',
        r'@@unique\(\[day, amount\], map: "day_amount"\)',
        r"@@index\(fields: \[amount\]\)",
    ):
        printed.expect(0, line)


REQUIRED = "Fields that are marked as id must be required.*view Score {"


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("userId Int? @id\n  name String? @unique", "must be required.*view Score {"),
        ("a Int?\n  b Int\n  @@id([a, b])", "refers to the optional field `a`"),
        ("userId Int? @id\n  name String @unique", REQUIRED),
        (
            "userId Int @id\n  users User[]",
            "@relation\\(fields: \\[...\\], references: \\[...\\]\\)",
        ),
    ],
)
def test_a_view_that_stays_invalid(
    make_project: Callable[..., Project], view: str, words: str
) -> None:
    """An error about a view says what to write instead."""
    project = make_project(f"{HEAD}view Score {{\n  {view}\n}}\n")
    if "users" in view:
        project.schema.write_text(f"{project.schema.read_text()}{USER}")
    project.prisma(*PUSH).expect(1, f"P1012.*{words}")


def test_views_without_the_feature(make_project: Callable[..., Project]) -> None:
    """As in 5.17 they are refused, and the error says what to write."""
    project = make_project(SCHEMA.replace('  previewFeatures = ["views"]\n', ""))
    project.prisma("validate").expect(1, 'P1012.*Write previewFeatures = \\["views"\\]')
