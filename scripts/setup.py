"""Set up .venv: the pinned packages, this project, Node.js packages, the Prisma client.

It runs on the machine's own Python and needs only the standard library. A step is skipped if none
of its inputs has changed. A step that was interrupted runs again the next time.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
LOCK = ROOT / "requirements.lock"
PROJECTS = [ROOT / "pyproject.toml", ROOT / "engine" / "pyproject.toml"]
TOOLCHAIN = ROOT / "engine" / "prisma_wasm" / "toolchain"
NODE_REQUIREMENTS = TOOLCHAIN / "node-requirements.txt"
TYPESCRIPT = ROOT / "typescript"
EXPRESS = ROOT / "tests" / "auth" / "express"
NODE_PACKAGES = (
    ("types", "Installing the TypeScript tools", TYPESCRIPT),
    ("express", "Installing Express, for tests of shared sessions", EXPRESS),
)
STAMPS = VENV / "setup"
BEGUN = STAMPS / "packages-begun"
WAIT_FOR_OTHER = 900.0  # seconds to wait for another set-up of the same tree


class SetupError(Exception):
    """A step failed; the message says what to do."""


def main() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise SetupError(
            f"Tenantry needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}."
        )
    with exclusive():
        step("environment", "Creating .venv", [sys.version], environment)
        step("packages", "Installing the pinned packages", [LOCK], packages)
        step("project", "Installing the project", PROJECTS, project)
        step("node", "Installing Prisma's Node.js packages", needed_for_node(), node)
        for name, title, folder in NODE_PACKAGES:
            step(name, title, [folder / "package-lock.json"], partial(node_packages, title, folder))
        step("client", "Generating the Prisma client", generated_from(), client)


def environment() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    run(
        "Creating .venv",
        [sys.executable, "-m", "venv", VENV],
        advice=("On Debian and Ubuntu: apt-get install python3-venv"),
    )


def packages() -> None:
    uv = shutil.which("uv") or install_uv()
    # A killed installation may have left half a package, which uv would take for installed.
    again = ["--reinstall"] if BEGUN.exists() else []
    STAMPS.mkdir(parents=True, exist_ok=True)
    BEGUN.touch()
    run(
        "Installing the packages",
        [uv, "pip", "install", "--python", BIN / "python", *again, "--require-hashes", "-r", LOCK],
        advice="Check that PyPI is reachable and the disk has room, then run it again.",
    )
    BEGUN.unlink()


def install_uv() -> Path:
    """Install uv from PyPI, in the version that the lock file pins; return its path."""
    pinned = next(
        line.split()[0] for line in LOCK.read_text().splitlines() if line.startswith("uv==")
    )
    run(
        "Installing uv",
        [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pinned],
        advice="Check that PyPI is reachable, then run it again.",
    )
    return BIN / "uv"


def project() -> None:
    uv = shutil.which("uv") or BIN / "uv"
    run(
        "Installing the project",
        [
            uv,
            "pip",
            "install",
            "--python",
            BIN / "python",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-e",
            ROOT / "engine",
            "-e",
            ROOT,
        ],
    )


def node() -> None:
    """Prepare the `prisma` command; install Node (204 MB) only where there is no suitable one."""
    if not has_node():
        uv = shutil.which("uv") or BIN / "uv"
        run(
            "Installing Node.js from PyPI",
            [
                *(uv, "pip", "install", "--quiet", "--python", BIN / "python"),
                *("--require-hashes", "-r", NODE_REQUIREMENTS),
            ],
            advice="Check that PyPI is reachable and the disk has room, then run it again.",
        )
    run("Installing Prisma's Node.js packages", [BIN / "prisma-wasm", "install"])


def has_node() -> bool:
    """Return whether PATH has npm and a Node.js that Prisma's CLI supports."""
    question = "from prisma_wasm.toolchain import node; print(node.is_complete_on_path())"
    answer = subprocess.run([BIN / "python", "-c", question], capture_output=True, check=False)
    return answer.stdout.strip() == b"True"


def needed_for_node() -> list[Path | str]:
    """Return what decides whether the step is done again; Node may come and go."""
    return [
        TOOLCHAIN / "npm" / "package-lock.json",
        NODE_REQUIREMENTS,
        *(f"{name}: {shutil.which(name)}" for name in ("node", "npm")),
    ]


def node_packages(title: str, folder: Path) -> None:
    run(title, [BIN / "python", "scripts/node_packages.py", folder])


def client() -> None:
    run("Generating the client", [BIN / "prisma", "generate"])


def generated_from() -> list[Path]:
    engine = ROOT / "engine" / "prisma_wasm"
    return [
        *ROOT.glob("prisma/**/*.prisma"),
        *ROOT.glob("prisma/**/partial_types.py"),
        *engine.glob("**/*.py"),
        *engine.glob("**/*.json"),
        LOCK,
    ]


def step(name: str, title: str, inputs: Iterable[Path | str], work: Callable[[], None]) -> None:
    """Call `work` unless it already succeeded with the same inputs."""
    stamp = STAMPS / name
    state = fingerprint(inputs)
    if stamp.is_file() and stamp.read_text() == state:
        return
    say(f"{title} ...")
    started = time.monotonic()
    stamp.unlink(missing_ok=True)
    work()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(state)
    say(f"{title}: done in {time.monotonic() - started:.0f} s")


def fingerprint(inputs: Iterable[Path | str]) -> str:
    digest = hashlib.sha256()
    for item in sorted(inputs, key=str):
        content = item.read_bytes() if isinstance(item, Path) else item.encode()
        digest.update(hashlib.sha256(str(item).encode() + b"\0" + content).digest())
    return digest.hexdigest()


def run(title: str, command: list[str | Path], *, advice: str = "") -> None:
    try:
        result = subprocess.run([str(part) for part in command], cwd=ROOT, check=False)
    except OSError as error:
        raise SetupError(f"{title} failed: {error}. {advice}".rstrip()) from None
    if result.returncode != 0:
        raise SetupError(f"{title} failed (exit code {result.returncode}). {advice}".rstrip())


@contextmanager
def exclusive() -> Generator[None]:
    """Hold a lock, so that two set-ups of one tree run one after the other."""
    (ROOT / ".data").mkdir(exist_ok=True)
    with (ROOT / ".data" / "setup.lock").open("w") as file:
        wait_for(file)
        yield


def wait_for(file: IO[str]) -> None:
    deadline, has_told = time.monotonic() + WAIT_FOR_OTHER, False
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SetupError(
                    "Another set-up of this tree is still running; wait until it ends."
                ) from None
            if not has_told:
                say("Waiting for another set-up of this tree ...")
                has_told = True
            time.sleep(0.2)


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    os.environ.pop("VIRTUAL_ENV", None)
    try:
        main()
    except SetupError as error:
        sys.exit(f"setup: {error}")
    except OSError as error:
        sys.exit(f"setup: {error.strerror}: {error.filename}")
    except KeyboardInterrupt:
        sys.exit("setup: interrupted; run it again to continue.")
