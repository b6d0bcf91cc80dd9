"""The benchmarks' own PostgreSQL: a cluster below .data/, a seeded template, copies of it."""

import contextlib
import fcntl
import hashlib
import json
from collections.abc import Callable, Generator, Iterable
from typing import Any

from bench.contract import Ids
from bench.errors import BenchError
from bench.folders import HERE, work
from bench.process import LOAD_CORE, pin
from bench.programs import run, say
from prisma_wasm import embedded

SEED = HERE / "seed.sql"
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
    """A running server, with fsync and all its defaults, and the data of the contract."""

    def __init__(self, server: embedded.Server) -> None:
        self._server = server

    def url(self, database: str = NAME) -> str:
        return self._server.url(database)

    def sql(self, script: str, database: str = NAME) -> str:
        """Run statements, each a transaction of its own."""
        command = embedded.psql_command(self._server.folder, database)
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
        return run([*command, *options], text=script, limit=_LIMIT)

    def value(self, query: str, database: str = NAME) -> Any:
        """The one JSON value that a query gives; None where it gives none."""
        return json.loads(self.sql(query, database) or "null")

    def fresh(self) -> None:
        """A copy of the contract's data, in memory; nobody may be connected."""
        seed = SEED.read_text(encoding="utf-8")
        self.copy(NAME, SEED.stem, [seed.encode()], lambda name: self.sql(seed, name))
        self.sql(_WARM)

    def copy(
        self, name: str, kind: str, made_of: Iterable[bytes], fill: Callable[[str], object]
    ) -> None:
        """A database that is a copy of one filled by `fill(name)`, which is kept and made anew
        when what it is made of has changed."""
        template = self._template(kind, made_of, fill)
        self.sql(
            f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE);'
            f'CREATE DATABASE "{name}" TEMPLATE "{template}"; CHECKPOINT;',
            "postgres",
        )

    @contextlib.contextmanager
    def on_all_cores(self) -> Generator[None]:
        """For a while the server, and what is started here, is not kept to the load's core."""
        pin(None, self._pid())
        try:
            yield
        finally:
            pin(LOAD_CORE, self._pid())

    def _pid(self) -> int | None:
        return embedded.status(self._server.folder).pid

    def reset(self) -> None:
        """Take away what was written since, beneath servers that stay connected."""
        self.sql(_RESET)

    def ids(self) -> Ids:
        return Ids(
            users=self.sql('SELECT id FROM "User" ORDER BY id').split(),
            workspaces=self.sql('SELECT id FROM "Workspace" ORDER BY id').split(),
        )

    def _template(self, kind: str, made_of: Iterable[bytes], fill: Callable[[str], object]) -> str:
        """Filled once for what it is made of, wholly or not at all; its former ones go."""
        digest = hashlib.sha256(b"".join(made_of))
        whole = f"{kind}_{digest.hexdigest()[:12]}"
        if self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{whole}'", "postgres"):
            return whole
        say(f"bench: filling the database {kind} ...")
        self.sql(
            "DROP DATABASE IF EXISTS filling WITH (FORCE); CREATE DATABASE filling", "postgres"
        )
        former = self.sql(
            f"SELECT datname FROM pg_database WHERE datname ~ '^{kind}_[0-9a-f]{{12}}$'", "postgres"
        )
        for name in former.split():
            self.sql(f'DROP DATABASE "{name}" WITH (FORCE)', "postgres")
        fill("filling")
        self.sql("VACUUM (FREEZE, ANALYZE)", "filling")
        self.sql(f'ALTER DATABASE filling RENAME TO "{whole}"', "postgres")
        return whole


@contextlib.contextmanager
def running() -> Generator[Database]:
    """The server, on the core of the load; it stops at the end. One benchmark at a time has it."""
    folder = work("postgres")
    with folder.with_name("lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchError("Another benchmark runs in this folder; wait for its end.") from None
        pin(LOAD_CORE)
        server = embedded.ensure(folder, idle_minutes=1)
        try:
            yield Database(server)
        finally:
            embedded.stop(folder)
