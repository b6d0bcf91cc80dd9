"""Commands that are stopped: nothing of them stays, no shadow database and no process."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_project import LIMIT, Project, full

DEV = ("migrate", "dev", "--skip-generate", "--name", "x")
SLOW = "SELECT pg_sleep(30);"


def wait_until(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)


def engines(project: Project) -> list[int]:
    """The processes of the schema engine that work for a project."""
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if "main.mjs" in words and str(project.folder) in words:
            found.append(int(entry.parent.name))
    return found


@pytest.fixture
def slow(project: Project, blog_sql: str) -> Iterator[tuple[Project, "subprocess.Popen[bytes]"]]:
    """A `migrate dev` that is at a slow statement in its shadow database."""
    project.migration("20260101000000_init", blog_sql)
    project.migration("20260101000001_slow", SLOW)
    ours, theirs = os.openpty()
    process = project.start(*DEV, stdin=theirs, stdout=theirs)
    os.close(theirs)
    try:
        yield project, process
    finally:
        os.close(ours)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(LIMIT)


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="processes are looked up in /proc"
)


@needs_proc
@pytest.mark.parametrize(
    ("number", "to_all"),
    [
        (signal.SIGINT, True),
        (signal.SIGTERM, False),
        full(signal.SIGHUP, True),
    ],
)
def test_shadow_databases_are_dropped(
    slow: tuple[Project, "subprocess.Popen[bytes]"],
    shadows: Callable[[], list[str]],
    number: signal.Signals,
    to_all: bool,
) -> None:
    """After Ctrl-C, SIGTERM to the CLI alone or a lost terminal nothing is left."""
    project, process = slow
    wait_until(shadows, "the shadow database")
    wait_until(lambda: sleeping(project), "the slow statement")
    (os.killpg if to_all else os.kill)(process.pid, number)
    assert process.wait(LIMIT) != 0
    wait_until(lambda: not shadows(), "the end of the shadow database")
    wait_until(lambda: not engines(project), "the end of the engine")


def sleeping(project: Project) -> object:
    server = re.sub(r"/[^/]*$", "/postgres", project.url)
    return project.sql(
        "SELECT 1 FROM pg_stat_activity"
        " WHERE query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()",
        url=server,
    )


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_engine_that_dies_fails_its_command(deployed: Project, number: signal.Signals) -> None:
    """Killed, or out of memory: nobody takes that for success, without a terminal neither."""
    deployed.migration("20260101000001_slow", SLOW)
    process = deployed.start("migrate", "deploy", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    wait_until(lambda: sleeping(deployed), "the slow statement")
    (engine,) = engines(deployed)
    os.kill(engine, number)
    said, _ = process.communicate(timeout=LIMIT)
    assert (process.returncode, b"The schema engine ended before it had answered" in said) == (
        1,
        True,
    ), said.decode()


@needs_proc
def test_no_engine_is_left(deployed: Project) -> None:
    """A command that has ended has ended its engine."""
    deployed.prisma("migrate", "status").expect(0, "up to date")
    wait_until(lambda: not engines(deployed), "the end of the engine")
