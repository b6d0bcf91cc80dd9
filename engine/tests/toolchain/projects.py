"""An environment with the `prisma` command, and projects in it that are not ours.

`prisma generate` writes into the environment that it runs in, so the tests have one of their own:
a copy of Prisma Client Python and of our distribution's marks, and every other package as it is in
the environment of the test run.
"""

import os
import shutil
import subprocess
import sysconfig
import textwrap
import venv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ENGINE = Path(__file__).resolve().parents[2]
LIMIT = 300
# What a developer's shell may hold, and what no test may depend on.
FOREIGN = ("PRISMA", "DATABASE", "DIRECT", "SHADOW", "XDG", "NODE", "VIRTUAL_ENV", "PYTHON")

SCHEMA = """\
generator client {
  provider             = "prisma-client-py"
  recursive_type_depth = -1
}

datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

enum Role {
  ADMIN
  USER
}

model User {
  id    Int    @id @default(autoincrement())
  email String @unique
  role  Role   @default(USER)
  posts Post[]
}

model Post {
  id       String @id @default(uuid())
  title    String
  author   User   @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int
}
"""


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass
class Environment:
    """A virtual environment with Prisma Client Python and prisma-wasm, and a home of its own."""

    folder: Path
    home: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])

    def program(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    @property
    def client_package(self) -> Path:
        library = sysconfig.get_path("purelib", vars={"base": str(self.folder)})
        return Path(library) / "prisma"

    def run(
        self,
        *command: str,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        limit: float = LIMIT,
        stdin: str = "",
    ) -> Result:
        """Run a program of the environment, or any other by its path, not activated."""
        words = [self.program(command[0]), *command[1:]] if "/" not in command[0] else command
        done = subprocess.run(
            words,
            cwd=cwd,
            env={**self.variables, **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)


@dataclass
class Project:
    """A folder with a Prisma schema."""

    folder: Path
    environment: Environment

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    def prisma(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        limit: float = LIMIT,
    ) -> Result:
        return self.run("prisma", *arguments, env=env, cwd=cwd, limit=limit)

    def run(
        self,
        *command: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        limit: float = LIMIT,
    ) -> Result:
        return self.environment.run(*command, cwd=cwd or self.folder, env=env, limit=limit)

    def python(self, code: str, *, env: Mapping[str, str] | None = None) -> Result:
        return self.run("python", "-c", textwrap.dedent(code), env=env)


def make_environment(folder: Path) -> Environment:
    """Build one at `folder`; nothing is downloaded."""
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    environment = Environment(folder / "venv", folder / "home")
    environment.home.mkdir()
    environment.variables = {
        name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)
    } | {"HOME": str(environment.home), "NO_COLOR": "1"}
    site = environment.client_package.parent
    source = Path(sysconfig.get_path("purelib"))
    _copy_upstream(source, site)
    (site / "shared.pth").write_text(f"import site; site.addsitedir({str(source)!r})\n")
    for name, door in (("prisma", "prisma.cli:main"), ("prisma-wasm", "prisma_wasm.cli:main")):
        _write_program(environment, name, door)
    return environment


def _copy_upstream(source: Path, site: Path) -> None:
    """The package as it was installed: files that its generator has written stay behind."""
    record = next(source.glob("prisma-0.*.dist-info")) / "RECORD"
    for line in record.read_text(encoding="utf-8").splitlines():
        name = line.split(",")[0]
        if name.startswith(("prisma/", "prisma_cleanup/", "prisma-0.")) and ".pyc" not in name:
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, site / name)


def _write_program(environment: Environment, name: str, door: str) -> None:
    module, function = door.split(":")
    file = Path(environment.program(name))
    python = environment.program("python")
    file.write_text(
        f"#!{python}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
    )
    file.chmod(0o755)
