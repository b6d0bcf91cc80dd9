"""A folder for an embedded server, as a project would have it."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from prisma_wasm import embedded
from prisma_wasm.embedded.home import STATE_VARIABLE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project that every user can enter; its server and data are gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="prisma-wasm-test-")).resolve()
    root.chmod(0o755)
    # Tests leave nothing in the machine's own place for state.
    state = Path(tempfile.mkdtemp(prefix="prisma-wasm-test-state-"))
    state.chmod(0o755)
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
