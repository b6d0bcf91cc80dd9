"""The README: its first session runs as it is pasted, and its links and commands exist."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.fix_service import Serve, environment

README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def first_session() -> str:
    """Return the block of commands below "A first session"."""
    found = re.search(
        r"^## A first session$.*?^```bash\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
    assert found
    return found[1]


@pytest.mark.parametrize("shell", [("bash", "-eu"), ("zsh", "-f", "-i")], ids=lambda each: each[0])
def test_the_first_session_can_be_pasted(
    serve: Serve, database: str, tmp_path: Path, shell: tuple[str, ...]
):
    """A shell that reads the block from its input, without a pause, ends with two members of each.

    An interactive zsh, the default of macOS, runs comments as commands.
    """
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    mails = tmp_path / "mail"
    with serve(program="tenantry", DATABASE_URL=database, MAIL_FOLDER=str(mails)) as service:
        service.wait_until_ready(200)
        block = first_session()
        url = str(service.http.base_url).rstrip("/")
        assert "http://127.0.0.1:8000" in block
        assert ".venv/bin/" in block
        block = block.replace("http://127.0.0.1:8000", url)
        block = block.replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        done = subprocess.run(
            shell,
            input=block,
            cwd=ROOT,
            env=environment(MAIL_FOLDER=str(mails)),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    if shell[0] == "bash":  # an interactive shell prints prompts there
        assert done.stderr == ""
    assert "not found" not in done.stderr
    assert '"code"' not in done.stdout, "one of the responses is an error"
    of_workspace, of_project = (
        json.loads(line)["items"] for line in done.stdout.splitlines() if '"items"' in line
    )
    assert [(item["user"]["email"], item["role"]) for item in of_workspace] == [
        ("ann@example.com", "owner"),
        ("ben@example.com", "member"),
    ]
    assert [(item["user"]["email"], item["role"], item["effect"]) for item in of_project] == [
        ("ann@example.com", "ADMIN", "inherited"),
        ("ben@example.com", "EDITOR", "raised"),
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    """Each relative link names a file of the repository, and a heading of it if it names one."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, target


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path):
    """A page that tells to run `make x` names a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE))

    assert named <= targets


def test_every_page_is_listed():
    """The README leads to each page of docs/; the pages of performance lead to each other."""
    unlisted = [
        page.name
        for page in PAGES[1:]
        if f"docs/{page.name}" not in README and not page.name.startswith("performance-")
    ]

    assert not unlisted


def test_the_first_session_has_no_comments():
    """An interactive zsh, the default of macOS, would run them as commands."""
    assert "#" not in first_session()
