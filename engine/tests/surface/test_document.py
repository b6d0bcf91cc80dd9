"""The table of the API surface names tests that exist."""

import re
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_TABLE = _TESTS.parent / "docs" / "api-surface.md"


def test_every_test_that_the_table_names_exists() -> None:
    """A renamed test is renamed there too."""
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", _TABLE.read_text(encoding="utf-8"))
    assert len(named) > 50
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"^(async )?def {test}\(", _text(file), re.MULTILINE)
    ]
    assert missing == []


def test_every_test_of_this_folder_is_in_the_table() -> None:
    """What is tested here is what the table promises."""
    table = _TABLE.read_text(encoding="utf-8")
    here = [
        f"{file.name}::{test}"
        for file in sorted(Path(__file__).parent.glob("test_*.py"))
        if file != Path(__file__)
        for test in re.findall(r"^(?:async )?def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    ]
    assert [test for test in here if f"surface/{test}`" not in table] == []


def _text(file: str) -> str:
    path = _TESTS / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""
