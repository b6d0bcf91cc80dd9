"""`prisma migrate diff`: every kind of side, as a summary, a script and an exit code."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from cli_project import Project, full

ONLY = 'CREATE TABLE "Only" (id int PRIMARY KEY)'


class Sides(NamedTuple):
    """A deployed blog, another database with one table, and one for shadows."""

    blog: Project
    other: Project
    shadow: Project

    def arguments(self, words: str) -> list[str]:
        values = {
            "SCHEMA": "prisma/schema.prisma",
            "MIGRATIONS": "prisma/migrations",
            "BLOG": self.blog.url,
            "OTHER": self.other.url,
            "SHADOW_URL": f"--shadow-database-url={self.shadow.url}",
        }
        return [values.get(word, word) for word in words.split()]


@pytest.fixture(scope="module")
def sides(make_module_project: Callable[..., Project], deployed_blog: Project) -> Sides:
    """Databases that no diff changes, made once."""
    blog = make_module_project(like=deployed_blog)
    other, shadow = (make_module_project(exists=True) for _ in range(2))
    other.sql(ONLY)
    return Sides(blog, other, shadow)


@pytest.mark.parametrize(
    ("words", "code", "pattern"),
    [
        ("--from-empty --to-schema-datamodel SCHEMA", 0, "Added tables.*User"),
        full("--from-empty --to-schema-datamodel SCHEMA --script", 0, 'CREATE TABLE.*"User"'),
        full("--from-schema-datamodel SCHEMA --to-empty --script", 0, "DROP TABLE"),
        (
            "--from-schema-datasource SCHEMA --to-schema-datamodel SCHEMA --exit-code",
            0,
            "No difference detected",
        ),
        full("--from-schema-datamodel SCHEMA --to-schema-datasource SCHEMA", 0, "No difference"),
        ("--from-url OTHER --to-schema-datamodel SCHEMA --exit-code", 2, "Removed tables.*Only"),
        full("--from-schema-datamodel SCHEMA --to-url OTHER --script", 0, 'CREATE TABLE.*"Only"'),
        full("--from-url BLOG --to-url OTHER --script", 0, 'CREATE TABLE.*"Only"'),
        ("--from-url OTHER --to-url BLOG --script", 0, 'CREATE TABLE.*"User"'),
        full("--from-url BLOG --to-url BLOG --exit-code", 0, "No difference"),
        full("--from-url BLOG --to-schema-datasource SCHEMA --exit-code", 0, "No difference"),
        (
            "--from-migrations MIGRATIONS --to-schema-datamodel SCHEMA SHADOW_URL --exit-code",
            0,
            "No difference",
        ),
        full(
            "--from-empty --to-migrations MIGRATIONS SHADOW_URL --script",
            0,
            'CREATE TABLE.*"User"',
        ),
        (
            "--from-url OTHER --to-migrations MIGRATIONS SHADOW_URL --script",
            0,
            'DROP TABLE.*"Only"',
        ),
        full(
            "--from-migrations MIGRATIONS --to-url OTHER SHADOW_URL --exit-code",
            2,
            "Only",
        ),
        (
            "--from-migrations MIGRATIONS --to-schema-datamodel SCHEMA",
            1,
            "You must pass the --shadow-database-url",
        ),
        full("--from-empty --to-empty", 1, "Could not determine the connector"),
        full("--from-url postgresql://x@127.0.0.1:1/x --to-empty", 1, "P1001"),
    ],
)
def test_diff(sides: Sides, words: str, code: int, pattern: str) -> None:
    """Every pair of sides gives Prisma's words and exit code."""
    sides.blog.prisma("migrate", "diff", *sides.arguments(words)).expect(code, pattern)


def test_a_missing_database(sides: Sides) -> None:
    """A URL of a database that is not there is P1003 and creates nothing."""
    missing = f"{sides.blog.url}_not_there"
    name = missing.rpartition("/")[2]
    sides.blog.prisma("migrate", "diff", "--from-url", missing, "--to-empty").expect(
        1, f"P1003.*`{name}` does not exist"
    )


def test_output_in_a_file(sides: Sides) -> None:
    """`--output` writes the script that would be printed, byte for byte."""
    words = "--from-empty --to-schema-datamodel SCHEMA --script"
    printed = sides.blog.prisma("migrate", "diff", *sides.arguments(words)).expect(
        0, "CREATE TABLE"
    )
    sides.blog.prisma("migrate", "diff", *sides.arguments(words), "--output", "out.sql").expect(
        0, ""
    )
    written = (sides.blog.folder / "out.sql").read_text()
    assert written.strip() in printed.text


def test_two_schemas_of_one_database(make_project: Callable[..., Project]) -> None:
    """`?schema=` limits each side to its schema; tables belong to their schemas, as for Prisma."""
    project = make_project(exists=True)
    project.sql(
        "CREATE SCHEMA a; CREATE TABLE a.one (id int PRIMARY KEY)",
        "CREATE SCHEMA b; CREATE TABLE b.two (id int PRIMARY KEY)",
        "CREATE TABLE public.unseen (id int PRIMARY KEY)",
    )
    a, b = f"{project.url}?schema=a", f"{project.url}?schema=b"
    diff = ("migrate", "diff", "--script")
    there = project.prisma(*diff, "--from-url", a, "--to-url", b)
    there.expect(0, 'DROP TABLE "a"."one".*CREATE TABLE "b"."two"').lacks("unseen")
    back = project.prisma(*diff, "--from-url", b, "--to-url", a)
    back.expect(0, 'DROP TABLE "b"."two".*CREATE TABLE "a"."one"').lacks("unseen")
    same = project.prisma("migrate", "diff", "--exit-code", "--from-url", b, "--to-url", b)
    same.expect(0, "No difference")
