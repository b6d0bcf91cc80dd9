"""A project with a schema and a database, and Prisma's CLI run in it as a user would."""

import asyncio
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import prisma_wasm
from prisma_wasm.toolchain import node, packages

asyncpg: Any = import_module("asyncpg")  # it has no types

LIMIT = 240.0
ENGINE = Path(prisma_wasm.__file__).parent / "toolchain" / "schema_engine"
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True)
class Cli:
    """How the CLI is started, as the schema engine's README says."""

    command: Sequence[str]
    variables: Mapping[str, str]

    @property
    def schema_engine(self) -> str:
        return self.variables["PRISMA_SCHEMA_ENGINE_BINARY"]


def installed_cli(folder: Path) -> Cli:
    """The CLI of the tool chain, with executable copies of the wrappers in a folder."""
    modules = packages.prepare() / "node_modules"
    program = node.find().executable
    for name in ("schema-engine", "query-engine"):
        copy = folder / name
        copy.write_bytes((ENGINE / name).read_bytes())
        copy.chmod(0o755)
    preload, main = ENGINE / "cli_preload.cjs", modules / "prisma-cli" / "build" / "index.js"
    return Cli(
        command=(str(program), "--require", str(preload), str(main)),
        variables={
            "PRISMA_WASM_NODE": str(program),
            "PRISMA_WASM_NODE_MODULES": str(modules),
            "PRISMA_WASM_SCHEMA_ENGINE": str(ENGINE / "main.mjs"),
            "PRISMA_SCHEMA_ENGINE_BINARY": str(folder / "schema-engine"),
            "PRISMA_QUERY_ENGINE_BINARY": str(folder / "query-engine"),
            "PRISMA_QUERY_ENGINE_LIBRARY": str(ENGINE / "query-engine.cjs"),
            "CHECKPOINT_DISABLE": "1",
            "NO_COLOR": "1",
        },
    )


@dataclass(frozen=True)
class Outcome:
    """What a command printed (stdout and stderr, without colours) and its exit code."""

    code: int
    text: str
    seconds: float

    def expect(self, code: int, pattern: str) -> "Outcome":
        """Fails unless the exit code is this and the pattern is found in what was printed."""
        found = re.search(pattern, self.text, re.DOTALL)
        assert (self.code, bool(found)) == (code, True), (
            f"exit code {self.code}, wanted {code} and /{pattern}/ in:\n{self.text}"
        )
        return self

    def lacks(self, pattern: str) -> "Outcome":
        """Fails if the pattern is found in what was printed."""
        assert not re.search(pattern, self.text, re.DOTALL), f"/{pattern}/ is in:\n{self.text}"
        return self


@dataclass
class Project:
    """A folder with prisma/schema.prisma, an .env and a database that may not exist yet."""

    cli: Cli
    folder: Path
    url: str
    env: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def schema(self) -> Path:
        return self.folder / "prisma" / "schema.prisma"

    @property
    def migrations(self) -> Path:
        return self.folder / "prisma" / "migrations"

    def edit(self, old: str, new: str) -> None:
        """Replace a piece of the schema, which must be there."""
        text = self.schema.read_text()
        assert old in text
        self.schema.write_text(text.replace(old, new, 1))

    def migration(self, name: str, sql: str) -> Path:
        """Write a migration by hand."""
        path = self.migrations / name / "migration.sql"
        path.parent.mkdir(parents=True)
        path.write_text(sql)
        (self.migrations / "migration_lock.toml").write_text('provider = "postgresql"\n')
        return path

    def written(self, suffix: str) -> str:
        """The script of the migration whose name ends so."""
        [path] = self.migrations.glob(f"*{suffix}/migration.sql")
        return path.read_text()

    def dotenv(self, **values: str) -> None:
        (self.folder / ".env").write_text(
            "".join(f'{name}="{value}"\n' for name, value in values.items())
        )

    def start(
        self, *args: str, stdin: int, stdout: int, cwd: Path | None = None, **env: str
    ) -> "subprocess.Popen[bytes]":
        """Start `prisma ARGS` in a process group of its own."""
        return subprocess.Popen(
            [*self.cli.command, *args],
            cwd=cwd or self.folder,
            env=self._environment(env),
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT if stdout == subprocess.PIPE else stdout,
            start_new_session=True,
        )

    def prisma(
        self, *args: str, cwd: Path | None = None, stdin: str | None = None, **env: str
    ) -> Outcome:
        """Run `prisma ARGS` without a terminal."""
        return finished(
            [*self.cli.command, *args], cwd or self.folder, self._environment(env), stdin
        )

    def engine(self, *args: str) -> Outcome:
        """Run the schema engine itself."""
        return finished([self.cli.schema_engine, *args], self.folder, self._environment({}), None)

    def typed(self, *args: str, answers: Mapping[str, str] | None = None, **env: str) -> Outcome:
        """Run `prisma ARGS` on a terminal; each answer is typed when its question is shown."""
        waiting = dict(answers or {})
        ours, theirs = pty.openpty()
        began = time.monotonic()
        process = self.start(*args, stdin=theirs, stdout=theirs, cwd=None, **env)
        os.close(theirs)
        shown = b""
        try:
            while data := _read(ours, began + LIMIT):
                shown += data
                for question in [q for q in waiting if q in clean(shown)]:
                    os.write(ours, f"{waiting.pop(question)}\r".encode())
            code = process.wait(LIMIT)
        finally:
            os.close(ours)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(LIMIT)
        return Outcome(code, clean(shown), time.monotonic() - began)

    def sql(self, *statements: str, url: str | None = None) -> list[Any]:
        """Run SQL; the first columns of the last statement's rows."""
        return run_sql(url or self.url, *statements)

    def _environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name not in UNWANTED}
        return {**inherited, **self.cli.variables, **self.env, **extra}


# They would decide for the tests: which database, whether it is CI, whether colours and browsers.
UNWANTED = {
    "DATABASE_URL",
    "DIRECT_URL",
    "CI",
    "GITHUB_ACTIONS",
    "FORCE_COLOR",
    "DEBUG",
    "BROWSER",
    "NODE_OPTIONS",
}


def full(*values: object) -> object:
    """Parameters of a test that only a run with --full goes through."""
    return pytest.param(*values, marks=pytest.mark.full)


def finished(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], stdin: str | None
) -> Outcome:
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        input=(stdin or "").encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT,
        check=False,
    )
    return Outcome(done.returncode, clean(done.stdout), time.monotonic() - began)


def clean(output: bytes) -> str:
    return _COLOURS.sub("", output.decode(errors="replace"))


def run_sql(url: str, *statements: str) -> list[Any]:
    """Run SQL from a thread of its own; the first columns of the last one's rows."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url, timeout=LIMIT)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement, timeout=LIMIT)
            rows: list[Any] = await connection.fetch(statements[-1], timeout=LIMIT)
            return [row[0] for row in rows]
        finally:
            await connection.close(timeout=LIMIT)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result()


def _read(terminal: int, end: float) -> bytes:
    ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
    assert ready, "the command did not end in time"
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # Linux says so when the last process has closed its side
        return b""
