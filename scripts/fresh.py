"""Follow the README on a fresh clone: an empty directory, an empty home, no caches.

    python3 scripts/fresh.py [make] [plain] [elsewhere] [--tests] [--no-node] [--keep]

make       the two commands, then every `prisma` command, online and offline
plain      a new venv and `pip install -e .`
elsewhere  another project, with only the engine installed
--tests    also `make test`
--no-node  without any Node.js on PATH
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 900
OURS = re.compile(
    r"^(PRISMA|DATABASE|DIRECT|APP|SECRET|TEST_DATABASE|XDG|UV_CACHE|PIP_CACHE|VIRTUAL_ENV|PYTHON"
    r"|PORT|HOST|LOG_LEVEL|MAKE|npm_|CONDA)"
)

failures = 0


class NotServingError(Exception):
    """The service does not start, so the steps that need it are skipped."""


class Place:
    """A directory with its own home, in which commands run and are checked."""

    def __init__(self, base: Path, name: str, *, node: bool) -> None:
        self.folder = base / name
        self.home = base / f"home-{name}"
        self.home.mkdir()
        self.env = {key: value for key, value in os.environ.items() if not OURS.match(key)}
        self.env["HOME"] = str(self.home)
        if not node:
            self.env["PATH"] = path_without_node(base / f"bin-{name}", self.env["PATH"])

    def check(self, label: str, command: str, *, code: int = 0, says: str = "") -> str:
        """Run `command` with sh; report whether its exit code and output are as expected."""
        global failures
        started = time.monotonic()
        result = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        seconds = time.monotonic() - started
        good = result.returncode == code and re.search(says, result.stdout, re.DOTALL) is not None
        report(label, good, seconds)
        if not good:
            failures += 1
            print(f"     expected exit {code} and /{says}/, got exit {result.returncode}:")
            print("".join(f"     | {line}\n" for line in result.stdout.splitlines()[-25:]))
        return result.stdout

    @contextlib.contextmanager
    def serving(self, label: str, command: str, port: int, *, limit: float) -> Generator[None]:
        """Run `command` while it serves; it must answer 200 on /ready within `limit` seconds."""
        global failures
        log = self.folder.parent / f"serving-{port}.log"
        started = time.monotonic()
        with log.open("w") as output:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"],
                cwd=self.folder,
                env={**self.env, "PORT": str(port)},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            good = wait_for_200(f"http://127.0.0.1:{port}/ready", process, limit)
            report(label, good, time.monotonic() - started)
            if not good:
                failures += 1
                print("".join(f"     | {line}\n" for line in log.read_text().splitlines()[-25:]))
                raise NotServingError(label)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                failures += 1
                report(f"{label}: stops on Ctrl-C", False, 15)
                os.killpg(process.pid, signal.SIGKILL)


def report(label: str, good: bool, seconds: float) -> None:
    print(f"{'ok  ' if good else 'FAIL'} {seconds:7.2f} s  {label}", flush=True)


def wait_for_200(url: str, process: subprocess.Popen[bytes], limit: float) -> bool:
    until = time.monotonic() + limit
    while time.monotonic() < until and process.poll() is None:
        with (
            contextlib.suppress(OSError),  # HTTPError, for a 503, is one
            urllib.request.urlopen(url, timeout=5) as answer,  # noqa: S310  (loopback)
        ):
            return answer.status == 200
        time.sleep(0.2)
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def path_without_node(folder: Path, path: str) -> str:
    """Return a PATH with every program of `path` except Node.js."""
    folder.mkdir()
    for directory in path.split(os.pathsep):
        with contextlib.suppress(OSError):
            for program in Path(directory).iterdir():
                if program.name not in ("node", "nodejs", "npm", "npx", "corepack"):
                    with contextlib.suppress(FileExistsError):
                        (folder / program.name).symlink_to(program)
    return str(folder)


def clone(place: Place) -> None:
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, place.folder], check=True)


def prisma_commands(place: Place, prisma: str) -> None:
    """Check the `prisma` commands that people type after set-up."""
    check = place.check
    url = (
        check("tenantry db url", f"{Path(prisma).parent}/tenantry db url").strip().splitlines()[-1]
    )
    other = re.sub(r"/[^/?]+(\?|$)", r"/another\1", url)
    schema = "prisma/schema.prisma"
    check("prisma version", f"{prisma} version", says="6.19.3")
    check("prisma validate", f"{prisma} validate", says="is valid")
    check("prisma format", f"{prisma} format", says="Formatted")
    check("the schema is formatted as committed", "git diff --exit-code prisma")
    check("prisma generate", f"{prisma} generate", says="Generated Prisma Client Python")
    check("prisma migrate dev", f"{prisma} migrate dev --name init_user_workspace", says="sync")
    check("no migration was added", "git status --porcelain prisma", says=r"^\s*$")
    check("prisma migrate status", f"{prisma} migrate status", says="up to date")
    check("prisma migrate deploy", f"{prisma} migrate deploy", says="No pending")
    check("prisma migrate reset", f"{prisma} migrate reset --force", says="successful")
    diff = f"{prisma} migrate diff"
    from_migrations = f"--from-migrations prisma/migrations --shadow-database-url '{other}_shadow'"
    check(
        "createdb shadow",
        f"{prisma} db execute --stdin --schema {schema} <<'E'\nCREATE DATABASE another_shadow\nE",
        says="successfully",
    )
    for label, ends, code in [
        ("empty to datamodel", f"--from-empty --to-schema-datamodel {schema} --script", 0),
        ("datamodel to empty", f"--from-schema-datamodel {schema} --to-empty --exit-code", 2),
        (
            "datasource to datamodel",
            f"--from-schema-datasource {schema} --to-schema-datamodel {schema} --exit-code",
            0,
        ),
        ("url to datamodel", f"--from-url '{url}' --to-schema-datamodel {schema} --exit-code", 0),
        (
            "migrations to datamodel",
            f"{from_migrations} --to-schema-datamodel {schema} --exit-code",
            0,
        ),
    ]:
        check(f"prisma migrate diff: {label}", f"{diff} {ends}", code=code)
    check(
        "prisma db push", f"DATABASE_URL='{other}' {prisma} db push --skip-generate", says="in sync"
    )
    check("prisma db pull --print", f"{prisma} db pull --print", says="model Workspace")
    check(
        "prisma db execute",
        f"echo 'SELECT 1' | {prisma} db execute --stdin --schema {schema}",
        says="success",
    )
    check(
        "prisma migrate resolve, nothing to resolve",
        f"{prisma} migrate resolve --applied nothing",
        code=1,
        says="P3017",
    )
    away = "DATABASE_URL=postgresql://a:b@127.0.0.1:1/x"
    check("the database is away: P1001", f"{away} {prisma} migrate status", code=1, says="P1001")
    check(
        "from a package folder",
        f"cd app && {place.folder / prisma} validate --schema ../{schema}",
        says="is valid",
    )


def by_make(base: Path, options: argparse.Namespace) -> None:
    place = Place(base, "make", node=not options.no_node)
    clone(place)
    port = free_port()
    with place.serving("make run, from nothing", "make run", port, limit=LIMIT):
        place.check("/health", f"curl -sf http://127.0.0.1:{port}/health", says='"ok"')
        place.check("port in use", f"PORT={port} make run", code=2, says="is in use")
    with place.serving("make run, again", "make run", free_port(), limit=30):
        pass
    place.check(
        "a killed installation is repaired",
        "rm .venv/setup/packages .venv/lib/python*/site-packages/click/core.py"
        " && touch .venv/setup/packages-begun && make setup && .venv/bin/python -c 'import click'",
    )
    prisma_commands(place, ".venv/bin/prisma")
    place.check("offline", offline(".venv/bin/prisma validate && .venv/bin/prisma migrate status"))
    with place.serving(
        "uvicorn app.main:app", f".venv/bin/uvicorn app.main:app --port {port}", port, limit=30
    ):
        pass
    if options.tests:
        place.check("make test", "make test", says=r"\d+ passed")
    place.check(
        "tenantry db reset --seed", ".venv/bin/tenantry db reset --force --seed", says="Authorize"
    )
    place.check(
        "tenantry seed, again", ".venv/bin/tenantry seed --token", says=r"^[\w-]+\.[\w-]+\.[\w-]+$"
    )
    place.check("tenantry db reset", ".venv/bin/tenantry db reset --force")


def by_pip(base: Path, options: argparse.Namespace) -> None:
    place = Place(base, "plain", node=not options.no_node)
    clone(place)
    port = free_port()
    check = place.check
    check("python -m venv", f"{sys.executable} -m venv env")
    check("pip install -e .", "env/bin/pip install --quiet -e .")
    check("prisma generate, the first command", "env/bin/prisma generate", says="Generated")
    check(
        "prisma migrate dev", "env/bin/prisma migrate dev --name init_user_workspace", says="sync"
    )
    with place.serving(
        "uvicorn app.main:app", f"env/bin/uvicorn app.main:app --port {port}", port, limit=30
    ):
        pass
    check("pytest", "env/bin/pytest -q", says=r"\d+ passed")
    check("tenantry db reset", "env/bin/tenantry db reset --force")


def elsewhere(base: Path, options: argparse.Namespace) -> None:
    place = Place(base, "elsewhere", node=not options.no_node)
    place.folder.mkdir()
    (place.folder / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    (place.folder / "schema.prisma").write_text(
        'generator client {\n  provider = "prisma-client-py"\n}\n'
        'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
        "model Order {\n  id Int @id @default(autoincrement())\n  total Float\n}\n"
    )
    engine = f"{ROOT}/engine[embedded]"
    check = place.check
    check("python -m venv", f"{sys.executable} -m venv .venv")
    check("pip install prisma-wasm", f".venv/bin/pip install --quiet '{engine}'")
    check("prisma-wasm install", ".venv/bin/prisma-wasm install")
    check("prisma-wasm install, again", ".venv/bin/prisma-wasm install")
    check("prisma-wasm doctor", ".venv/bin/prisma-wasm doctor", code=1, says="prisma generate")
    check("no database: P1012", ".venv/bin/prisma migrate status", code=1, says="DATABASE_URL")
    (place.folder / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\n[tool.prisma-wasm]\ndatabase = "embedded"\n'
    )
    check("prisma migrate dev", ".venv/bin/prisma migrate dev --name init", says="in sync")
    check(
        "the client",
        ".venv/bin/python -c '"
        "import asyncio, prisma\n"
        "async def main():\n"
        "    async with prisma.Prisma() as db:\n"
        '        made = await db.order.create({"total": 1})\n'
        "        print(await db.order.count(), made.total)\n"
        "asyncio.run(main())'",
        says="1 1.0",
    )
    check("prisma-wasm doctor, again", ".venv/bin/prisma-wasm doctor")
    check("prisma-wasm db reset", ".venv/bin/prisma-wasm db reset --force")


def offline(command: str) -> str:
    """Return `command` without a network: in a namespace, or else behind proxies that refuse."""
    if os.geteuid() == 0 and shutil.which("unshare") and shutil.which("ip"):
        stop = ".venv/bin/tenantry db stop"
        inside = f"ip link set lo up; {stop}; {command}; code=$?; {stop}; exit $code"
        return f"unshare -n sh -c '{inside}'"
    closed = "http://127.0.0.1:9"
    return (
        f"HTTP_PROXY={closed} HTTPS_PROXY={closed} npm_config_registry={closed} sh -c '{command}'"
    )


WAYS = {"make": by_make, "plain": by_pip, "elsewhere": elsewhere}


def main() -> int:
    parser = argparse.ArgumentParser(description="Follow the README on a fresh clone.")
    parser.add_argument("ways", nargs="*", choices=[*WAYS, []], default=[])
    parser.add_argument("--tests", action="store_true")
    parser.add_argument("--no-node", action="store_true")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="tenantry-fresh-"))
    try:
        for way in options.ways or WAYS:
            print(f"-- {way}, in {base}", flush=True)
            with contextlib.suppress(NotServingError):
                WAYS[way](base, options)
    finally:
        if not options.keep:
            shutil.rmtree(base, ignore_errors=True)
    print("everything works" if not failures else f"{failures} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
