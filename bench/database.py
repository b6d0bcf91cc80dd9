"""The benchmarks' own PostgreSQL: a cluster in .data/, seeded templates and copies of them."""

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Callable, Generator, Iterable
from typing import Any

from bench.contract import Ids
from bench.errors import BenchError
from bench.folders import BENCH, work
from bench.process import LOAD_CORE, pin
from bench.programs import print_progress, run
from prisma_wasm import embedded

SEED = BENCH / "seed.sql"
NAME = "bench"
_LIMIT = 600.0

_WARM = """
    SELECT sum(bench.pg_prewarm(oid)) FROM pg_class
    WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace
"""
_RESET = """
    DELETE FROM "Workspace" w WHERE NOT EXISTS (SELECT FROM bench.seeded s WHERE s.id = w.id);
    VACUUM ANALYZE "Workspace"; VACUUM ANALYZE "WorkspaceMember"; CHECKPOINT;
"""


class Database:
    """A running server with PostgreSQL's defaults (fsync is on), and the data of the contract."""

    def __init__(self, server: embedded.Server) -> None:
        self._server = server

    def url(self, database: str = NAME) -> str:
        return self._server.url(database)

    def sql(self, script: str, database: str = NAME) -> str:
        """Run statements with psql, each in its own transaction; return the output."""
        command = embedded.psql_command(self._server.folder, database)
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        return run([*command, *options], text=script, limit=_LIMIT)

    def value(self, query: str, database: str = NAME) -> Any:
        """Return the single JSON value that a query selects, or None."""
        return json.loads(self.sql(query, database) or "null")

    def recreate(self) -> None:
        """Replace the database by a new copy of the contract's data, and load it into memory.

        This closes all connections to it.
        """
        seed = SEED.read_text(encoding="utf-8")
        self.copy(NAME, SEED.stem, [seed.encode()], lambda name: self.sql(seed, name))
        self.sql(_WARM)

    def copy(
        self, name: str, kind: str, inputs: Iterable[bytes], fill: Callable[[str], object]
    ) -> None:
        """Replace a database by a copy of a template.

        `fill(name)` fills the template; it is kept, and filled again when `inputs` change.
        """
        template = self._template(kind, inputs, fill)
        self.sql(
            f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE);'
            f'CREATE DATABASE "{name}" TEMPLATE "{template}"; CHECKPOINT;',
            "postgres",
        )

    @contextlib.contextmanager
    def on_all_cores(self) -> Generator[None]:
        """Let the server, and what this process starts, use all cores within the block."""
        pin(None, self._pid())
        try:
            yield
        finally:
            pin(LOAD_CORE, self._pid())

    def _pid(self) -> int | None:
        return embedded.status(self._server.folder).pid

    def reset(self) -> None:
        """Delete what was written since the copy; connections stay open."""
        self.sql(_RESET)

    def ids(self) -> Ids:
        return Ids(
            users=self.sql('SELECT id FROM "User" ORDER BY id').split(),
            workspaces=self.sql('SELECT id FROM "Workspace" ORDER BY id').split(),
        )

    def _template(self, kind: str, inputs: Iterable[bytes], fill: Callable[[str], object]) -> str:
        """Return the name of the template for these inputs; fill it if it does not exist.

        Only a complete template gets its name. Earlier templates of its kind are dropped.
        """
        digest = hashlib.sha256(b"".join(inputs))
        template = f"{kind}_{digest.hexdigest()[:12]}"
        if self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{template}'", "postgres"):
            return template
        print_progress(f"bench: filling the database {kind} ...")
        self.sql(
            "DROP DATABASE IF EXISTS filling WITH (FORCE); CREATE DATABASE filling", "postgres"
        )
        earlier = self.sql(
            f"SELECT datname FROM pg_database WHERE datname ~ '^{kind}_[0-9a-f]{{12}}$'",
            "postgres",
        )
        for name in earlier.split():
            self.sql(f'DROP DATABASE "{name}" WITH (FORCE)', "postgres")
        fill("filling")
        self.sql("VACUUM (FREEZE, ANALYZE)", "filling")
        self.sql(f'ALTER DATABASE filling RENAME TO "{template}"', "postgres")
        return template


@contextlib.contextmanager
def running_database() -> Generator[Database]:
    """Run the database server on the load generator's core within the block.

    Raises BenchError if another benchmark uses it.
    """
    folder = work("postgres")
    with folder.with_name("lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchError(
                "Another benchmark is running in this folder; wait until it ends."
            ) from None
        pin(LOAD_CORE)
        server = embedded.ensure(folder, idle_minutes=1)
        try:
            yield Database(server)
        finally:
            embedded.stop(folder)
