"""What the benchmarks need beyond the project's own set-up; a step that is done is skipped."""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.errors import BenchError
from bench.folders import NODE, ROOT, SCHEMA, work
from bench.programs import run, say
from prisma_wasm.toolchain import node

INSTALL_LIMIT = 900.0
# Prisma's command line looks for engines that this way of using it does not need.
NO_ENGINES = {
    "PRISMA_QUERY_ENGINE_BINARY": "/bin/true",
    "PRISMA_QUERY_ENGINE_LIBRARY": "/bin/true",
    "PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true",
    "CHECKPOINT_DISABLE": "1",
    "PRISMA_HIDE_UPDATE_MESSAGE": "1",
}
DEBIAN_PACKAGES = ("wrk", "libluajit-5.1-2", "libluajit-5.1-common")


def what_is_needed(*, node: bool) -> None:
    """The Python client, a load generator, and the servers in Node where they take part."""
    python_client()
    load_generator()
    if node:
        node_servers()


def python_client() -> None:
    """Generate the client of our server."""
    engine = ROOT / "engine" / "prisma_wasm"
    inputs = [SCHEMA, *engine.glob("toolchain/generator/*.py"), engine / "client.py"]
    inputs.append(ROOT / "requirements.lock")  # upstream's generator comes from there
    _once("client", inputs, [SCHEMA.with_name("_client") / "client.py"], _generate)


def node_servers() -> None:
    """Install and compile the servers that run in Node."""
    sources = [
        *NODE.glob("*.json"),
        *NODE.glob("*.ts"),
        *NODE.glob("*/*.prisma"),
        *NODE.glob("src/*.ts"),
    ]
    made = [NODE / "dist" / "prisma.js", NODE / "node_modules" / ".package-lock.json"]
    _once("node", sources, made, _build_node)


def load_generator() -> None:
    """Get wrk from Debian where the machine has none; without Debian, Node's generator does."""
    if wrk() is None and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        try:
            _fetch_wrk()
        except BenchError as error:
            say(f"bench: wrk cannot be had: {error}")
    if wrk() is None:
        say("bench: autocannon takes the place of wrk.")
        node_servers()  # it is installed with them


def wrk() -> Path | None:
    """wrk, the machine's or our own."""
    on_path = shutil.which("wrk")
    if on_path:
        return Path(on_path)
    own = work("wrk") / "usr" / "bin" / "wrk"
    return own if own.is_file() else None


def wrk_environment(folder: Path | None = None) -> dict[str, str]:
    """Lets our own wrk find the libraries that came with it."""
    folders = ((folder or work("wrk")) / "usr" / "lib").glob("*-linux-gnu")
    found = [str(folder) for folder in folders]
    return {"LD_LIBRARY_PATH": ":".join(found)} if found else {}


def node_program(name: str) -> list[str]:
    """The words that start `node`, `npm` or `npx`."""
    return node.find().command(name)


def node_version() -> str:
    return run([*node_program("node"), "--version"], limit=60).strip().removeprefix("v")


def _generate() -> None:
    prisma = Path(sys.executable).with_name("prisma")
    # From the root, upstream would add the service's partial types.
    run([prisma, "generate", "--schema", SCHEMA], cwd=SCHEMA.parent, limit=INSTALL_LIMIT)


def _build_node() -> None:
    run(
        [*node_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=NODE, limit=INSTALL_LIMIT,
    )  # fmt: skip
    modules = NODE / "node_modules"
    for words in (
        [modules / "prisma" / "build" / "index.js", "generate"],
        [modules / "typescript" / "bin" / "tsc", "-p", "tsconfig.json"],
    ):
        run([*node_program("node"), *words], cwd=NODE, limit=INSTALL_LIMIT, env=NO_ENGINES)


def _fetch_wrk() -> None:
    """Unpack Debian's packages into a folder of our own, without root; all or nothing."""
    with tempfile.TemporaryDirectory(dir=work("wrk")) as name:
        folder = Path(name)
        run(["apt-get", "download", *DEBIAN_PACKAGES], cwd=folder, limit=INSTALL_LIMIT)
        for package in folder.glob("*.deb"):
            run(["dpkg-deb", "--extract", package, folder], limit=60)
        unpacked = folder / "usr"
        # It says its version and ends with 1.
        run([unpacked / "bin" / "wrk", "-v"], limit=10, env=wrk_environment(folder), codes=(0, 1))
        unpacked.rename(work("wrk") / "usr")


def _once(
    name: str, inputs: Iterable[Path], made: Iterable[Path], step: Callable[[], None]
) -> None:
    """Do a step unless it was done with the same inputs, and what it made is there."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(inputs):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    stamp = work("stamps") / name
    is_made = stamp.is_file() and all(each.is_file() for each in made)
    if is_made and stamp.read_text() == digest.hexdigest():
        return
    say(f"bench: preparing {name} ...")
    stamp.unlink(missing_ok=True)
    step()
    stamp.write_text(digest.hexdigest())
