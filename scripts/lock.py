"""Write requirements.lock: all packages with hashes, for every platform, without host names."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OURS = ("tenantry", "prisma-wasm")


def main() -> int:
    command = [
        Path(sys.executable).with_name("uv"),
        "pip",
        "compile",
        "--universal",
        "--generate-hashes",
        "--all-extras",
        "--upgrade",
        "--quiet",
        "--python-version",
        "3.11",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-annotate",
        "--custom-compile-command",
        "make lock",
        *(f"--no-emit-package={name}" for name in OURS),
        "pyproject.toml",
        "engine/pyproject.toml",
        "-o",
        "requirements.lock",
    ]
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
