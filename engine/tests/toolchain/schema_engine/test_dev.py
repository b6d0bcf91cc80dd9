"""`prisma migrate dev`: new migrations, the shadow database, drift and data loss."""

from collections.abc import Callable

import pytest
from cli_project import Project

DEV = ("migrate", "dev", "--skip-generate")
FINISHED = """SELECT count(*) FROM _prisma_migrations
WHERE finished_at IS NOT NULL AND applied_steps_count = 1"""


@pytest.fixture(scope="module")
def developed_blog(make_module_project: Callable[..., Project]) -> Project:
    """The blog that `developed` copies."""
    project = make_module_project()
    project.typed(*DEV, "--name", "first").expect(0, "now in sync")
    return project


@pytest.fixture
def developed(make_project: Callable[..., Project], developed_blog: Project) -> Project:
    """A blog with one migration, made by `migrate dev`."""
    return make_project(like=developed_blog)


def test_the_first_migration(
    project: Project, shadows: Callable[[], list[str]], blog_sql: str
) -> None:
    """The database is created, the text is Prisma's own, and no shadow database is left."""
    outcome = project.typed(*DEV, "--name", "first")
    outcome.expect(0, "database .* created at.*have been created and applied.*now in sync")
    assert project.written("_first") == blog_sql.split("\n\n", 1)[1]
    assert project.sql(FINISHED) == [1]
    assert shadows() == []


def test_further_migrations(developed: Project) -> None:
    """A changed schema becomes one more migration; an unchanged one becomes none."""
    developed.typed(*DEV).expect(0, "Already in sync")
    developed.edit("name      String?", "name      String?\n  nick      String?")
    developed.typed(*DEV, "--name", "second").expect(0, "have been created and applied")
    assert (
        developed.written("_second")
        == '-- AlterTable\nALTER TABLE "User" ADD COLUMN     "nick" TEXT;\n'
    )
    developed.prisma(*DEV).expect(0, "Already in sync")


@pytest.mark.full
def test_data_loss(developed: Project) -> None:
    """Columns with values are dropped only after a yes; a draft is applied by the next run."""
    developed.sql("""INSERT INTO "User" (email, name) VALUES ('a', 'b')""")
    developed.edit("  name      String?\n", "")
    developed.prisma(*DEV, "--name", "loss").expect(
        1, "drop the column `name`.*1 non-null values.*non-interactive"
    )
    question = {"Are you sure you want to create": "n"}
    developed.typed(*DEV, "--name", "loss", answers=question).expect(130, "Migration cancelled")
    yes = dict.fromkeys(question, "y")
    developed.typed(*DEV, "--name", "loss", "--create-only", answers=yes).expect(
        0, "without applying it"
    )
    developed.typed(*DEV).expect(0, "loss.*in sync|applied")


def test_drift(developed: Project) -> None:
    """What is in the database but in no migration is drift, and only a yes resets."""
    developed.sql('CREATE TABLE "Stray" (id int PRIMARY KEY)')
    refused = developed.typed(*DEV, answers={"want to continue": "n"})
    refused.expect(130, "Drift detected.*Added tables.*Stray.*reset")
    developed.prisma(*DEV).expect(130, 'Drift detected.*need to reset the "public" schema')


def test_a_migration_that_fails_in_the_shadow_database(
    developed: Project, shadows: Callable[[], list[str]]
) -> None:
    """P3006 names the migration and what the database said; the shadow database is gone."""
    developed.migration(
        "29990101000000_broken", 'CREATE TABLE "x" (id int); SELECT nothing_here FROM "x";'
    )
    developed.typed(*DEV).expect(
        1,
        "P3006.*`29990101000000_broken` failed to apply cleanly to the shadow database. \n"
        'Error:\ncolumn "nothing_here" does not exist',
    )
    assert shadows() == []


@pytest.mark.full
def test_a_changed_migration(developed: Project) -> None:
    """A migration that was edited after it was applied is found by its checksum."""
    [script] = developed.migrations.glob("*/migration.sql")
    script.write_text(script.read_text() + "-- more\n")
    developed.prisma(*DEV).expect(130, "was modified after it was applied.*need to reset")


@pytest.mark.full
def test_a_user_who_may_not_create_databases(make_project: Callable[..., Project]) -> None:
    """P3014 says so; a shadow database of one's own is the way out, and it can be used again."""
    weak, own = make_project(exists=True), make_project(exists=True)
    role = f"weak_{weak.url.rpartition('/')[2]}"
    names = [project.url.rpartition("/")[2] for project in (weak, own)]
    weak.sql(
        f"CREATE ROLE {role} LOGIN PASSWORD 'weak'",
        *(f'ALTER DATABASE "{name}" OWNER TO {role}' for name in names),
    )
    try:
        urls = [url_of_role(project.url, role) for project in (weak, own)]
        weak.dotenv(DATABASE_URL=urls[0], SHADOW=urls[1])
        weak.typed(*DEV, "--name", "a").expect(1, "P3014.*permission denied to create database")
        weak.edit('env("DATABASE_URL")', 'env("DATABASE_URL")\n  shadowDatabaseUrl = env("SHADOW")')
        weak.typed(*DEV, "--name", "a").expect(0, "in sync")
        weak.typed(*DEV).expect(0, "Already in sync")
        weak.dotenv(DATABASE_URL=urls[0], SHADOW=urls[0])
        weak.typed(*DEV).expect(
            1, "shadow database you configured appears to be the same as the main database"
        )
    finally:
        for project, name in zip((weak, own), names, strict=True):
            project.sql(f'ALTER DATABASE "{name}" OWNER TO CURRENT_USER', f"DROP OWNED BY {role}")
        weak.sql(f"DROP ROLE {role}")


def url_of_role(url: str, role: str) -> str:
    """The same database for another user, whose password is `weak`."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{role}:weak@{rest.rpartition('@')[2]}"
