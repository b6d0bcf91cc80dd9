"""docs/adding-a-domain.md shows what the scaffold writes, and commands that exist."""

import re

from app.commands.scaffold import names_of
from app.commands.scaffold.command import next_steps, plan
from app.settings import ROOT
from tests.test_readme import first_session

GUIDE = (ROOT / "docs" / "adding-a-domain.md").read_text()
# What indented blocks begin with that are no code: commands, a tree, a message.
NO_CODE = ("$ ", ".venv/bin/", "git ", "app/notes/", "tests/notes/domain.py: ")


def section(number: int) -> str:
    """Return a numbered section of the guide."""
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
    assert found
    return found[0]


def blocks(text: str) -> list[str]:
    """Return the indented blocks of a page that are code."""
    found = re.findall(r"(?:^ {4}.*\n(?:\n(?= {4}))?)+", text, re.MULTILINE)
    return [block for block in found if not block.lstrip().startswith(NO_CODE)]


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_the_code_of_the_guide_is_what_the_scaffold_writes():
    """Each paragraph of code in the sections that explain the scaffold is in a file of it."""
    written = [squeezed(text) for text in plan(names_of("notes"), ROOT).values()]
    shown = [block for number in range(2, 7) for block in blocks(section(number))]
    assert len(shown) >= 8
    for block in shown:
        for part in re.split(r"\n\s*\n|^\s*\.\.\.$", block, flags=re.MULTILINE):
            assert any(squeezed(part) in text for text in written), part


def test_the_guide_names_the_steps_that_the_scaffold_prints():
    """The guide and the command say the same, in the same order."""
    steps = re.findall(r"^  (\S.*)$", next_steps(names_of("notes")), re.MULTILINE)
    assert len(steps) == 3
    places = [section(1).index(f"$ {step}") for step in steps]
    assert places == sorted(places)


def test_functions_of_the_first_session_are_used_as_it_defines_them():
    """The request of the guide needs nothing that the README's session does not define."""
    (command,) = re.findall(r"^    \$ ((?:curl|get|post) .*)$", section(1), re.MULTILINE)
    session = first_session()
    assert f"{command.split()[0]}() {{" in session
    for name in re.findall(r"\$(\w+)", command):
        assert re.search(rf"^{name}=", session, re.MULTILINE), name
