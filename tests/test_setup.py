"""`make setup`: which steps it takes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from app.settings import ROOT


@pytest.fixture
def setup() -> ModuleType:
    """Load scripts/setup.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location("setup_script", ROOT / "scripts" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("has_node", [True, False])
def test_node_is_installed_only_where_there_is_none(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, has_node: bool
):
    """The wheel takes 204 MB, so a machine with a suitable Node.js does without."""
    commands: list[list[str]] = []

    def record(_title: str, command: list[str | Path], *, advice: str = "") -> None:
        commands.append([str(part) for part in command])

    monkeypatch.setattr(setup, "run", record)
    monkeypatch.setattr(setup, "has_node", lambda: has_node)
    setup.node()

    requirements = str(setup.NODE_REQUIREMENTS)
    assert [requirements in command for command in commands] == ([] if has_node else [True]) + [
        False
    ]


def test_the_packages_of_every_set_up_have_no_node():
    """requirements.lock is installed everywhere."""
    names = {
        line.partition("==")[0]
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line
    }

    assert {"fastapi", "pyright"} <= names
    assert not {name for name in names if name.startswith("nodejs")}


def test_the_question_is_asked_of_the_engine(setup: ModuleType, monkeypatch: pytest.MonkeyPatch):
    """The engine knows which versions Prisma's CLI supports; an empty PATH has none of them."""
    monkeypatch.setenv("PATH", "/nowhere")

    assert setup.has_node() is False


def test_a_finished_step_is_skipped_until_its_inputs_change(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """A later `make run` does none of the steps again."""
    monkeypatch.setattr(setup, "STAMPS", tmp_path)
    file = tmp_path / "input"
    done: list[str] = []
    for content in ("one", "one", "two"):
        file.write_text(content)
        setup.step("name", "Doing it", [file, "a word"], lambda: done.append(file.read_text()))

    assert done == ["one", "two"]
