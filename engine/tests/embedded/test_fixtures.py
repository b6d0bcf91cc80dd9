"""The database fixtures that the other tests stand on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
from fix_server import DatabaseServer


async def value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_database_is_empty(database: str) -> None:
    """Each test gets a database without a table."""
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert await value(database, tables) == 0


def test_clone_copies_a_template(server: DatabaseServer, clone: Callable[[str], str]) -> None:
    """A template is prepared once, and its clones are apart from each other."""
    prepared: list[str] = []

    def prepare(url: str) -> None:
        prepared.append(url)
        server.execute("CREATE TABLE t AS SELECT 1 AS n", url.rpartition("/")[2])

    first = clone(server.template("numbers", prepare))
    second = clone(server.template("numbers", prepare))
    asyncio.run(value(first, "DELETE FROM t RETURNING n"))
    assert len(prepared) == 1
    assert asyncio.run(value(first, "SELECT count(*) FROM t")) == 0
    assert asyncio.run(value(second, "SELECT count(*) FROM t")) == 1


def test_test_database_url_names_the_server(server: DatabaseServer, tmp_path: Path) -> None:
    """With TEST_DATABASE_URL tests use that server, and leave nothing behind; DATABASE_URL is not read."""
    test = tmp_path / "test_inner.py"
    test.write_text(
        "import os\n"
        "def test_inner(server, database):\n"
        "    assert server.url == os.environ['TEST_DATABASE_URL']\n"
        "    server.template('x', lambda url: None)\n"
    )
    before = asyncio.run(value(server.url, "SELECT count(*) FROM pg_database"))
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
    assert asyncio.run(value(server.url, "SELECT count(*) FROM pg_database")) == before
