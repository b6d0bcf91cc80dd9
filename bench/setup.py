"""Install what the benchmarks need beyond `make setup`; steps that are up to date are skipped."""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.errors import BenchError
from bench.folders import NODE, ROOT, SCHEMA, work
from bench.programs import print_progress, run
from prisma_wasm.toolchain import node

INSTALL_TIMEOUT = 900.0
# Prisma's command line looks for engine binaries, which the compiled client does not need.
NO_ENGINES = {
    "PRISMA_QUERY_ENGINE_BINARY": "/bin/true",
    "PRISMA_QUERY_ENGINE_LIBRARY": "/bin/true",
    "PRISMA_SCHEMA_ENGINE_BINARY": "/bin/true",
    "CHECKPOINT_DISABLE": "1",
    "PRISMA_HIDE_UPDATE_MESSAGE": "1",
}
DEBIAN_PACKAGES = ("wrk", "libluajit-5.1-2", "libluajit-5.1-common")


def prepare(*, node: bool) -> None:
    """Prepare the Python client and a load generator, and the Node servers if `node` is set."""
    generate_client()
    ensure_load_generator()
    if node:
        build_node_servers()


def generate_client() -> None:
    """Generate the Prisma client of our server."""
    engine = ROOT / "engine" / "prisma_wasm"
    inputs = [SCHEMA, *engine.glob("toolchain/generator/*.py"), engine / "client.py"]
    inputs.append(ROOT / "requirements.lock")  # it pins upstream's generator
    _run_if_changed("client", inputs, [SCHEMA.with_name("_client") / "client.py"], _generate)


def build_node_servers() -> None:
    """Install and compile the Node servers."""
    sources = [
        *NODE.glob("*.json"),
        *NODE.glob("*.ts"),
        *NODE.glob("*/*.prisma"),
        *NODE.glob("src/*.ts"),
    ]
    outputs = [NODE / "dist" / "prisma.js", NODE / "node_modules" / ".package-lock.json"]
    _run_if_changed("node", sources, outputs, _build_node)


def ensure_load_generator() -> None:
    """Ensure there is a load generator: wrk, downloaded from Debian if missing, or autocannon."""
    if find_wrk() is None and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        try:
            _fetch_wrk()
        except BenchError as error:
            print_progress(f"bench: wrk cannot be downloaded: {error}")
    if find_wrk() is None:
        print_progress("bench: using autocannon instead of wrk.")
        build_node_servers()  # autocannon is installed with them


def find_wrk() -> Path | None:
    """Return the path of wrk, the machine's or the downloaded one, or None."""
    on_path = shutil.which("wrk")
    if on_path:
        return Path(on_path)
    downloaded = work("wrk") / "usr" / "bin" / "wrk"
    return downloaded if downloaded.is_file() else None


def wrk_environment(folder: Path | None = None) -> dict[str, str]:
    """Return the environment in which the downloaded wrk finds its libraries."""
    folders = ((folder or work("wrk")) / "usr" / "lib").glob("*-linux-gnu")
    found = [str(folder) for folder in folders]
    return {"LD_LIBRARY_PATH": ":".join(found)} if found else {}


def node_program(name: str) -> list[str]:
    """Return the command that runs `node`, `npm` or `npx`."""
    return node.find().command(name)


def node_version() -> str:
    """Return the version of Node.js, without the leading v."""
    return run([*node_program("node"), "--version"], limit=60).strip().removeprefix("v")


def _generate() -> None:
    prisma = Path(sys.executable).with_name("prisma")
    # In the root folder, upstream's generator would add the service's partial types.
    run([prisma, "generate", "--schema", SCHEMA], cwd=SCHEMA.parent, limit=INSTALL_TIMEOUT)


def _build_node() -> None:
    run(
        [*node_program("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=NODE, limit=INSTALL_TIMEOUT,
    )  # fmt: skip
    modules = NODE / "node_modules"
    for command in (
        [modules / "prisma" / "build" / "index.js", "generate"],
        [modules / "typescript" / "bin" / "tsc", "-p", "tsconfig.json"],
    ):
        run([*node_program("node"), *command], cwd=NODE, limit=INSTALL_TIMEOUT, env=NO_ENGINES)


def _fetch_wrk() -> None:
    """Download Debian's packages and unpack them without root, completely or not at all."""
    with tempfile.TemporaryDirectory(dir=work("wrk")) as name:
        folder = Path(name)
        run(["apt-get", "download", *DEBIAN_PACKAGES], cwd=folder, limit=INSTALL_TIMEOUT)
        for package in folder.glob("*.deb"):
            run(["dpkg-deb", "--extract", package, folder], limit=60)
        unpacked = folder / "usr"
        # `wrk -v` prints its version and exits with 1.
        run([unpacked / "bin" / "wrk", "-v"], limit=10, env=wrk_environment(folder), codes=(0, 1))
        unpacked.rename(work("wrk") / "usr")


def _run_if_changed(
    name: str, inputs: Iterable[Path], outputs: Iterable[Path], step: Callable[[], None]
) -> None:
    """Run a step unless its outputs exist and its inputs are those of the last time."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(inputs):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    stamp = work("stamps") / name
    is_complete = stamp.is_file() and all(each.is_file() for each in outputs)
    if is_complete and stamp.read_text() == digest.hexdigest():
        return
    print_progress(f"bench: preparing {name} ...")
    stamp.unlink(missing_ok=True)
    step()
    stamp.write_text(digest.hexdigest())
