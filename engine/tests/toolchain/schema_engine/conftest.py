"""Fixtures for the schema engine's tests: the CLI and projects on databases of their own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cli_project import Cli, Project, installed_cli, run_sql
from fix_server import DatabaseServer

DATA = Path(__file__).parent / "data"
BLOG = (DATA / "blog.prisma").read_text()


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The CLI with the schema engine."""
    return installed_cli(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="session")
def blog_sql() -> str:
    """What Prisma writes for the blog's schema as the first migration."""
    return (DATA / "blog.sql").read_text()


def projects(cli: Cli, server: DatabaseServer, base: Path) -> Iterator[Callable[..., Project]]:
    """A maker of projects; their databases are dropped afterwards."""
    databases: list[str] = []

    def make(schema: str = BLOG, *, exists: bool = False, like: Project | None = None) -> Project:
        database = server.create(urlsplit(like.url).path[1:] if like else None)
        if not exists and like is None:
            server.drop(database)
        databases.append(database)
        folder = base / database
        (folder / "prisma").mkdir(parents=True)
        project = Project(cli, folder, server.url_of(database))
        project.schema.write_text(like.schema.read_text() if like else schema)
        if like:
            shutil.copytree(like.migrations, project.migrations)
        project.dotenv(DATABASE_URL=project.url)
        return project

    yield make
    for database in databases:
        server.drop(database)


@pytest.fixture
def make_project(
    cli: Cli, server: DatabaseServer, tmp_path: Path
) -> Iterator[Callable[..., Project]]:
    """`make_project(schema, exists=False, like=None)`: by default without its database.

    With `like`, a copy of another project and of its database.
    """
    yield from projects(cli, server, tmp_path)


@pytest.fixture(scope="session")
def make_session_project(
    cli: Cli, server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Project]]:
    """`make_project` for projects that others are made like."""
    yield from projects(cli, server, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def make_module_project(
    cli: Cli, server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Project]]:
    """`make_project` for projects that the tests of a module share."""
    yield from projects(cli, server, tmp_path_factory.mktemp("projects"))


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """A blog whose database does not exist yet."""
    return make_project()


@pytest.fixture(scope="session")
def deployed_blog(make_session_project: Callable[..., Project], blog_sql: str) -> Project:
    """The blog that `deployed` copies."""
    blog = make_session_project()
    blog.migration("20260101000000_init", blog_sql)
    blog.prisma("migrate", "deploy").expect(0, "successfully applied")
    return blog


@pytest.fixture
def deployed(make_project: Callable[..., Project], deployed_blog: Project) -> Project:
    """A blog whose first migration is applied."""
    return make_project(like=deployed_blog)


@pytest.fixture
def shadows(server: DatabaseServer) -> Callable[[], list[str]]:
    """`shadows()`: the shadow databases that are there now."""
    return lambda: run_sql(
        server.url, "SELECT datname FROM pg_database WHERE datname LIKE 'prisma_migrate_shadow%'"
    )
