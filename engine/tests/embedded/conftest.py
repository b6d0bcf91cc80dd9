"""Folders for embedded servers, as a project would have them: new, made before, or at work."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from acting import LIMIT

from prisma_wasm import embedded
from prisma_wasm.embedded.home import STATE_VARIABLE


def make_root() -> Path:
    """A new folder that every user can enter."""
    root = Path(tempfile.mkdtemp(prefix="prisma-wasm-test-")).resolve()
    root.chmod(0o755)
    return root


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project that every user can enter; its server and data are gone afterwards."""
    root = make_root()
    # Tests leave nothing in the machine's own place for state.
    state = make_root()
    monkeypatch.setenv(STATE_VARIABLE, str(state / "made" / "on demand"))
    yield root
    for folder in (root / ".data" / "postgres", root / "moved" / "postgres"):
        embedded.stop(folder)
    shutil.rmtree(root)
    shutil.rmtree(state)


@pytest.fixture
def folder(project: Path) -> Path:
    """The folder of that project's server; it does not exist yet."""
    return project / ".data" / "postgres"


@pytest.fixture(scope="session")
def first_made() -> Iterator[Path]:
    """A folder whose server was started once, with the database `app`, and stopped."""
    root = make_root()
    folder = root / ".data" / "postgres"
    embedded.ensure(folder, database="app")
    embedded.stop(folder)
    yield folder
    shutil.rmtree(root)


@pytest.fixture
def made(first_made: Path, folder: Path) -> Path:
    """The folder of a server that was made before: a project that was stopped and copied."""
    copy_data(first_made, folder)
    return folder


def copy_data(source: Path, folder: Path) -> None:
    """Copy a stopped server's `.data`; holes in its files stay holes, and cost nothing."""
    folder.parent.parent.mkdir(parents=True, exist_ok=True)
    command = ["cp", "-a", "--sparse=always", str(source.parent), str(folder.parent)]
    subprocess.run(command, check=True, timeout=LIMIT)


@pytest.fixture(scope="session")
def shared(first_made: Path) -> Iterator[Path]:
    """The folder of a server that is at work, for tests that only look at it.

    It was started in the environment of a careless caller.
    """
    root = make_root()
    folder = root / ".data" / "postgres"
    copy_data(first_made, folder)
    with pytest.MonkeyPatch.context() as careless:
        for name, value in CARELESS.items():
            careless.setenv(name, value)
        embedded.ensure(folder, database="app")
    yield folder
    embedded.stop(folder)
    shutil.rmtree(root)


CARELESS = {
    "PGPORT": "1",
    "PGDATA": "/nonexistent",
    "PGHOST": "db.example.com",
    "PGOPTIONS": "-c search_path=nowhere",
    "MY_SECRET": "hunter2",
    "LC_ALL": "xx_XX.nonsense",
}
