"""Fixtures for the schema engine's tests: the CLI and projects on databases of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_project import Cli, Project, installed_cli, run_sql
from fix_server import DatabaseServer

BLOG = """datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

enum Role {
  ADMIN
  USER
}

model User {
  id        Int      @id @default(autoincrement())
  email     String   @unique
  name      String?
  role      Role     @default(USER)
  tags      String[]
  posts     Post[]
  createdAt DateTime @default(now()) @db.Timestamptz(3)
}

model Post {
  id       String  @id @default(uuid()) @db.Uuid
  title    String
  price    Decimal @default(0) @db.Decimal(10, 2)
  meta     Json?
  authorId Int
  author   User    @relation(fields: [authorId], references: [id], onDelete: Cascade)

  @@index([authorId, title])
}
"""

BLOG_SQL = """-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateEnum
CREATE TYPE "Role" AS ENUM ('ADMIN', 'USER');

-- CreateTable
CREATE TABLE "User" (
    "id" SERIAL NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT,
    "role" "Role" NOT NULL DEFAULT 'USER',
    "tags" TEXT[],
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Post" (
    "id" UUID NOT NULL,
    "title" TEXT NOT NULL,
    "price" DECIMAL(10,2) NOT NULL DEFAULT 0,
    "meta" JSONB,
    "authorId" INTEGER NOT NULL,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");

-- CreateIndex
CREATE INDEX "Post_authorId_title_idx" ON "Post"("authorId", "title");

-- AddForeignKey
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
"""


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The CLI with the schema engine."""
    return installed_cli(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="session")
def blog_sql() -> str:
    """What Prisma writes for the blog's schema as the first migration."""
    return BLOG_SQL


def projects(cli: Cli, server: DatabaseServer, base: Path) -> Iterator[Callable[..., Project]]:
    """A maker of projects; their databases are dropped afterwards."""
    databases: list[str] = []

    def make(schema: str = BLOG, *, exists: bool = False) -> Project:
        database = server.create()
        if not exists:
            server.drop(database)
        databases.append(database)
        folder = base / database
        (folder / "prisma").mkdir(parents=True)
        project = Project(cli, folder, server.url_of(database))
        project.schema.write_text(schema)
        project.dotenv(DATABASE_URL=project.url)
        return project

    yield make
    for database in databases:
        server.drop(database)


@pytest.fixture
def make_project(
    cli: Cli, server: DatabaseServer, tmp_path: Path
) -> Iterator[Callable[..., Project]]:
    """`make_project(schema, exists=False)`: a project, by default without its database."""
    yield from projects(cli, server, tmp_path)


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


@pytest.fixture
def deployed(make_project: Callable[..., Project], blog_sql: str) -> Project:
    """A blog whose first migration is applied."""
    blog = make_project()
    blog.migration("20260101000000_init", blog_sql)
    blog.prisma("migrate", "deploy").expect(0, "successfully applied")
    return blog


@pytest.fixture
def shadows(server: DatabaseServer) -> Callable[[], list[str]]:
    """`shadows()`: the shadow databases that are there now."""
    return lambda: run_sql(
        server.url, "SELECT datname FROM pg_database WHERE datname LIKE 'prisma_migrate_shadow%'"
    )
