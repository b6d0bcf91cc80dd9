"""Fixtures of generated clients: a schema becomes an importable package and a database once.

What is made of a schema is kept in pytest's cache, named by a hash of what it depends on, so
that only the first run after a change waits for `prisma generate`.
"""

import hashlib
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import prisma
import pytest
from fix_server import DatabaseServer

import prisma_wasm

_LIMIT = 300.0
_GENERATOR = re.compile(r"^generator \w+ \{\n", re.MULTILINE)
_PRODUCT = Path(prisma_wasm.__file__).parent
# What writes into a generated package.
_GENERATING = (
    "client.py",
    "toolchain/generator/*.py",
    "toolchain/schema_engine/*.cjs",
    "toolchain/npm/package-lock.json",
)


@dataclass(frozen=True)
class Generated:
    """A client made of one schema; `package` is imported like `prisma` would be."""

    folder: Path
    name: str
    schema: str

    @property
    def package(self) -> Any:
        """The generated package."""
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        return importlib.import_module(self.name)

    @property
    def sql(self) -> str:
        """What makes an empty database one of this schema."""
        return (self.folder / "schema.sql").read_text(encoding="utf-8")


GenerateClient = Callable[[Path], Generated]


def prisma_command(*args: str, cwd: Path, **variables: str) -> str:
    """Run `prisma ARGS` as a user of this interpreter would; the answer is what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "prisma", *args],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )
    assert done.returncode == 0, f"prisma {' '.join(args)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _fingerprint(schema: Path) -> str:
    """A hash of the schema and of what generates."""
    digest = hashlib.sha256(sys.version.encode())
    made_by = [path for pattern in _GENERATING for path in sorted(_PRODUCT.glob(pattern))]
    for path in [schema, *made_by]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def _staged(folder: Path) -> Generator[Path]:
    """A folder to fill, which becomes `folder` when all of it is made."""
    staging = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        yield staging
        shutil.rmtree(folder, ignore_errors=True)
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _generate(schema: Path, staging: Path, name: str) -> None:
    own = staging / "schema.prisma"
    text = schema.read_text(encoding="utf-8")
    own.write_text(_GENERATOR.sub(rf'\g<0>  output = "{name}"\n', text), encoding="utf-8")
    prisma_command("generate", "--schema", str(own), cwd=staging)
    script = prisma_command(
        "migrate", "diff", "--from-empty", "--to-schema-datamodel", str(own), "--script",
        cwd=staging,
    )  # fmt: skip
    assert "CREATE TABLE" in script, f"prisma migrate diff printed no tables: {script!r}"
    (staging / "schema.sql").write_text(script, encoding="utf-8")


def generate_in_place(schema: Path, site: Path) -> None:
    """Generate a client where a user's is, in `prisma` itself: in a copy of it below `site`."""
    installed = Path(prisma.__file__).parent
    generated = shutil.ignore_patterns("__pycache__", "query_compiler.wasm", "schema.prisma")
    shutil.copytree(installed, site / "prisma", ignore=generated)
    prisma_command("generate", "--schema", str(schema), cwd=schema.parent, PYTHONPATH=str(site))


@pytest.fixture(scope="session")
def generate_client(request: pytest.FixtureRequest) -> GenerateClient:
    """`generate_client(schema)`: the client of that schema file."""
    cache = request.config.cache
    assert cache is not None, "pytest's cache plugin is switched off"
    root = cache.mkdir("clients")

    def generate(schema: Path) -> Generated:
        name = f"{schema.parent.name}_{schema.stem}"
        folder = root / f"{name}_{_fingerprint(schema)}"
        if not folder.is_dir():
            with _staged(folder) as staging:
                _generate(schema, staging, name)
        return Generated(folder, name, schema.read_text(encoding="utf-8"))

    return generate


@pytest.fixture(scope="session")
def database_of(server: DatabaseServer) -> Iterator[Callable[[Generated], str]]:
    """`database_of(generated)`: the URL of a fresh database of that schema, dropped at the end."""
    names: list[str] = []

    def make(generated: Generated) -> str:
        def prepare(url: str) -> None:
            database = url.rpartition("/")[2]
            server.execute("CREATE EXTENSION IF NOT EXISTS citext", database)
            server.execute(generated.sql, database)

        names.append(server.create(server.template(generated.name, prepare)))
        return server.url_of(names[-1])

    yield make
    for name in names:
        server.drop(name)
