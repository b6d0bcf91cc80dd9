"""Write typescript/api.ts: the API's parameters, bodies and responses as TypeScript types.

    make types

typescript/package-lock.json pins the tools, which run on the Node.js that Prisma's command uses.
Set-up installs them; afterwards this needs no network.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from prisma_wasm.toolchain import node

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "typescript"
MODULES = FOLDER / "node_modules"
STAMP = MODULES / ".prepared"
LIMIT = 600
QUIET = ("--no-update-notifier", "--loglevel=error")

HEAD = "// Written by `make types` out of the API's description; not to be edited.\n\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the API's types for a front end.")
    parser.add_argument("--install", action="store_true", help="only install the tools")
    parser.add_argument("--output", type=Path, default=FOLDER / "api.ts")
    options = parser.parse_args()
    install()
    if not options.install:
        write(options.output)
    return 0


def install() -> None:
    """Install the locked packages; the stamp is written last, so a killed install runs again."""
    state = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if not STAMP.is_file() or STAMP.read_text() != state:
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", *QUIET)
        STAMP.write_text(state)


def write(output: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        description = Path(folder) / "openapi.json"
        description.write_text(json.dumps(openapi()))
        made = Path(folder) / "api.ts"
        run(
            "node",
            MODULES / "openapi-typescript" / "bin" / "cli.js",
            description,
            f"--output={made}",
            "--root-types",
            "--root-types-no-schema-prefix",
            "--alphabetize",  # so that the order of the routes does not matter
            "--default-non-nullable=false",  # a field with a default is optional
        )
        output.write_text(HEAD + made.read_text().partition("*/\n")[2].lstrip())


def openapi() -> object:
    """Return the OpenAPI description of this tree's API; it needs no database."""
    from app.main import create_app
    from app.settings import load

    return create_app(load({"SECRET_KEY": "x" * 32}, env_file=ROOT / "no.env")).openapi()


def run(program: str, *arguments: str | Path) -> None:
    """Run `node` or `npm` in the folder of the tools; raise SubprocessError if that fails."""
    found = node.find()
    path = f"{found.executable.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    subprocess.run(
        [*found.command(program), *map(str, arguments)],
        cwd=FOLDER,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=True,
        timeout=LIMIT,
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    try:
        sys.exit(main())
    except subprocess.SubprocessError as error:
        sys.exit(f"types: {error}")
    except KeyboardInterrupt:
        sys.exit("types: interrupted; run it again to continue.")
