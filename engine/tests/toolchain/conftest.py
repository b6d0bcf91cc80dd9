"""Fixtures of the `prisma` command: an environment, and projects in it that are not ours."""

import shutil
from pathlib import Path

import pytest
from projects import SCHEMA, Environment, Project, make_environment


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment in which `prisma-wasm install` has run."""
    made = make_environment(tmp_path_factory.mktemp("environment"))
    installed = made.run("prisma-wasm", "install", cwd=made.home, limit=600)
    assert installed.code == 0, installed.text
    return made


@pytest.fixture
def new_environment(tmp_path: Path) -> Environment:
    """An environment in which no command has run."""
    return make_environment(tmp_path / "new")


@pytest.fixture
def project(environment: Environment, tmp_path: Path) -> Project:
    """An empty project of somebody else: a pyproject.toml and a schema."""
    made = Project(tmp_path / "project", environment)
    made.write("pyproject.toml", '[project]\nname = "other"\nversion = "1"\n')
    made.write("prisma/schema.prisma", SCHEMA)
    return made


@pytest.fixture
def without_node(tmp_path: Path) -> str:
    """A PATH with everything but Node."""
    folder = tmp_path / "bin-without-node"
    folder.mkdir()
    for place in ("/bin", "/usr/bin", "/usr/local/bin"):
        for program in Path(place).iterdir() if Path(place).is_dir() else ():
            link = folder / program.name
            if program.name not in ("node", "nodejs", "npm", "npx") and not link.is_symlink():
                link.symlink_to(program)
    assert shutil.which("node", path=str(folder)) is None
    return str(folder)
