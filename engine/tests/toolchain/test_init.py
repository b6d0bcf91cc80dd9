"""`prisma init`: what it writes, what it leaves alone, and that it needs no network."""

import os
from pathlib import Path

import pytest
from fix_server import DatabaseServer
from projects import Environment, Project

# A registry and a proxy at which nothing listens: a command that asks for a package fails.
NO_NETWORK: dict[str, str] = dict.fromkeys(
    ("npm_config_registry", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"),
    "http://127.0.0.1:9/",
)
MODEL = "\nmodel Book {\n  id    String @id @default(uuid())\n  title String\n}\n"


@pytest.fixture
def empty(environment: Environment, tmp_path: Path) -> Project:
    """A project without a schema."""
    made = Project(tmp_path / "empty", environment)
    made.write("pyproject.toml", '[project]\nname = "books"\nversion = "1"\n')
    return made


def files_of(project: Project) -> set[str]:
    found = (file for file in project.folder.rglob("*") if file.is_file())
    return {str(file.relative_to(project.folder)) for file in found} - {"pyproject.toml"}


def read(project: Project, name: str) -> str:
    return (project.folder / name).read_text(encoding="utf-8")


def test_a_new_project_is_ready_without_a_network(
    empty: Project, server: DatabaseServer, new_environment: Environment
) -> None:
    """5.17 wrote the same files at once; 6.19 downloads a program, which writes a config file."""
    bare = Project(empty.folder, new_environment)
    made = bare.prisma("init", env=NO_NETWORK, limit=60)
    assert made.code == 0, made.text
    assert files_of(empty) == {"prisma/schema.prisma", ".env", ".gitignore"}
    schema = read(empty, "prisma/schema.prisma")
    assert 'provider  = "prisma-client-py"\n  interface = "asyncio"' in schema
    assert 'provider = "postgresql"\n  url      = env("DATABASE_URL")' in schema
    assert 'DATABASE_URL="postgresql://' in read(empty, ".env")
    assert ".env\n" in read(empty, ".gitignore")
    assert "prisma/schema.prisma" in made.out
    assert "DATABASE_URL" in made.out
    assert empty.prisma("format", "--check").code == 0
    empty.write("prisma/schema.prisma", schema + MODEL)
    env = {"DATABASE_URL": server.url_of("made_by_init")}
    migrated = empty.prisma("migrate", "dev", "--name", "init", env=env)
    assert migrated.code == 0, migrated.text
    imported = empty.python("from prisma import Prisma; print(Prisma().book.create.__name__)")
    assert imported.out == "create\n", imported.text


def test_a_project_with_an_embedded_database_gets_no_url(empty: Project) -> None:
    """A URL in `.env` would come before the embedded database."""
    empty.write("pyproject.toml", '[tool.prisma-wasm]\ndatabase = "embedded"\n')
    made = empty.prisma("init")
    assert made.code == 0, made.text
    assert files_of(empty) == {"prisma/schema.prisma", ".gitignore"}
    assert "embedded" in made.out


def test_options_decide_what_is_written(empty: Project) -> None:
    """Each has the meaning that it had in 5.17."""
    url = 'postgres://me:a"b@db.example:5433/books'
    made = empty.prisma(
        *("init", f"--url={url}", "--datasource-provider", "PostgreSQL", "--with-model"),
        *("--preview-feature", "views", "--preview-feature=metrics", "--output", "../client"),
        *("--generator-provider", "python -m prisma"),
    )
    assert made.code == 0, made.text
    schema = read(empty, "prisma/schema.prisma")
    assert 'provider        = "python -m prisma"' in schema
    assert 'previewFeatures = ["views", "metrics"]' in schema
    assert 'output          = "../client"' in schema
    assert "model User {" in schema
    assert 'DATABASE_URL="postgres://me:a%22b@db.example:5433/books"' in read(empty, ".env")
    assert empty.prisma("format", "--check").code == 0
    path = f"{empty.environment.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    generated = empty.prisma("generate", env={"PATH": path})
    assert generated.code == 0, generated.text
    assert (empty.folder / "client/client.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--datasource-provider", "mysql"], "mysql"),
        (["--url", "mysql://root@localhost/db"], "mysql://"),
        (["--url", "prisma+postgres://localhost:51213/?api_key=x"], "prisma+postgres://"),
        (["--url"], "--url"),
        (["--generator-provider", "prisma-client-js"], "prisma-client-js"),
        (["--db"], "--db"),
        (["--prompt", "a shop"], "--prompt"),
        (["somewhere"], "somewhere"),
    ],
)
def test_what_makes_no_python_project_is_refused_by_name(
    empty: Project, arguments: list[str], words: str
) -> None:
    """5.17 wrote a schema for other databases and generators; none of them works here."""
    refused = empty.prisma("init", *arguments, env=NO_NETWORK, limit=60)
    assert (refused.code, words in refused.err) == (1, True), refused.text
    assert len(refused.err.splitlines()) <= 2, refused.err
    assert files_of(empty) == set()


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ("schema.prisma", "schema.prisma already exists"),
        ("prisma/schema.prisma", "prisma/schema.prisma already exists"),
        ("prisma/migrations/migration_lock.toml", "A folder called prisma already exists"),
        ("db/schema.prisma", "db/schema.prisma already exists"),
    ],
)
def test_a_project_that_has_a_schema_is_left_alone(empty: Project, there: str, words: str) -> None:
    """5.17 refused the first three in the same words; the last is configured."""
    empty.write(there, "// mine\n")
    if there.startswith("db/"):
        empty.write("pyproject.toml", f'[tool.prisma]\nschema = "{there}"\n')
    refused = empty.prisma("init")
    assert (refused.code, words in refused.err) == (1, True), refused.text
    assert files_of(empty) == {there}
    assert read(empty, there) == "// mine\n"


def test_an_existing_env_and_gitignore_keep_what_they_say(empty: Project) -> None:
    """5.17 added the URL to `.env`, and only warned of a .gitignore."""
    empty.write(".env", "SECRET=1")
    empty.write(".gitignore", "*.pyc\n")
    made = empty.prisma("init")
    assert made.code == 0, made.text
    assert read(empty, ".env").startswith("SECRET=1\n")
    assert '\nDATABASE_URL="postgresql://' in read(empty, ".env")
    assert read(empty, ".gitignore") == "*.pyc\n"
    assert "You already have a .gitignore file" in made.out


def test_a_url_that_is_there_is_kept(empty: Project) -> None:
    """5.17 warned that it would have added one; a .gitignore that names `.env` is no news."""
    empty.write(".env", "DATABASE_URL=postgresql://mine/db\n")
    empty.write(".gitignore", "/.env\n")
    made = empty.prisma("init", "--url", "postgresql://other/db")
    assert made.code == 0, made.text
    assert read(empty, ".env") == "DATABASE_URL=postgresql://mine/db\n"
    assert "DATABASE_URL, but it already exists in .env" in made.out
    assert ".gitignore" not in made.out


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_the_options(empty: Project, option: str) -> None:
    """It is ours, and it writes nothing."""
    shown = empty.prisma("init", option, env=NO_NETWORK, limit=60)
    assert shown.code == 0, shown.text
    for name in ("--url", "--datasource-provider", "--with-model", "--output", "prisma-client-py"):
        assert name in shown.out
    assert files_of(empty) == set()


@pytest.mark.parametrize("command", ["dev", "deploy", "login", "rules"])
def test_commands_that_prisma_downloads_are_refused(empty: Project, command: str) -> None:
    """6.19 installs each into a folder for temporary files and runs it; 5.17 had none of them."""
    refused = empty.prisma(command, env=NO_NETWORK, limit=60)
    assert (refused.code, f"`prisma {command}`" in refused.err) == (1, True), refused.text
