"""The database fixtures that the other tests stand on."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from fix_server import DatabaseServer

_TABLES = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
_DATABASES = "SELECT count(*) FROM pg_database"

_INNER = """
import os

def test_inner(server, database):
    assert server.url == os.environ["TEST_DATABASE_URL"]
    server.template("x", lambda url: None)
"""


def test_database_is_empty(server: DatabaseServer, database: str) -> None:
    """Each test gets a database without a table."""
    assert server.execute(_TABLES, database.rpartition("/")[2]) == "0"


def test_clone_copies_a_template(server: DatabaseServer, clone: Callable[[str], str]) -> None:
    """A template is prepared once, and its clones are apart from each other."""
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        server.execute("CREATE TABLE t AS SELECT 1 AS n", url.rpartition("/")[2])

    first = clone(server.template("numbers", prepare)).rpartition("/")[2]
    second = clone(server.template("numbers", prepare)).rpartition("/")[2]
    server.execute("DELETE FROM t", first)
    assert len(prepared) == 1
    assert server.execute("SELECT count(*) FROM t", first) == "0"
    assert server.execute("SELECT count(*) FROM t", second) == "1"


def test_test_database_url_names_the_server(server: DatabaseServer, tmp_path: Path) -> None:
    """TEST_DATABASE_URL is used and left as it was; DATABASE_URL is not read."""
    test = tmp_path / "test_inner.py"
    test.write_text(_INNER)
    before = server.execute(_DATABASES)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "fix_server", str(test)],
        cwd=tmp_path,
        env={
            **os.environ,
            "TEST_DATABASE_URL": server.url,
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/never",
            "PYTHONPATH": str(Path(__file__).parents[1]),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert server.execute(_DATABASES) == before
