"""Install the Node.js packages that the package-lock.json of a folder pins, and run programs there.

    python scripts/node_packages.py FOLDER

They run on the Node.js that Prisma's command uses; after the installation they need no network.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from prisma_wasm.toolchain import node

LIMIT = 600
QUIET = ("--no-update-notifier", "--loglevel=error")


def install(folder: Path) -> None:
    """Install the locked packages; the stamp is written last, so a killed install runs again."""
    stamp = folder / "node_modules" / ".prepared"
    state = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != state:
        run(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", *QUIET)
        stamp.write_text(state)


def run(folder: Path, program: str, *arguments: str | Path) -> None:
    """Run `node` or `npm` in a folder; raise SubprocessError if that fails."""
    found = node.find()
    path = f"{found.executable.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run(
        [*found.command(program), *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=True,
        timeout=LIMIT,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Install the packages that a folder pins.")
    parser.add_argument("folder", type=Path)
    try:
        install(parser.parse_args().folder.resolve())
    except subprocess.SubprocessError as error:
        sys.exit(f"node_packages: {error}")
    except KeyboardInterrupt:
        sys.exit("node_packages: interrupted; run it again to continue.")
