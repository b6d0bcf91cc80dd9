"""`python -m prisma_cleanup`, which deployments run before they generate."""

import os
import subprocess
import sys
from pathlib import Path

from fix_client import generate_in_place

_SCHEMA = Path(__file__).parent / "schema.prisma"


def test_a_client_is_removed_and_generated_again(tmp_path: Path) -> None:
    """Upstream's files stay, the generated ones go, and the next client works."""
    site = tmp_path / "site"
    generate_in_place(_SCHEMA, site)
    assert _run("import prisma; print(prisma.Prisma.__name__)", site) == "Prisma\n"
    assert "removed all auto-generated files" in _run("import prisma_cleanup.__main__", site)
    code = "import prisma\ntry: prisma.Prisma\nexcept RuntimeError as error: print(error)"
    assert "hasn't been generated yet" in _run(code, site)
    command = [sys.executable, "-m", "prisma", "generate", "--schema", str(_SCHEMA)]
    subprocess.run(command, env=_environment(site), cwd=tmp_path, check=True, timeout=120)
    assert _run("import prisma; print(prisma.Prisma.__name__)", site) == "Prisma\n"


def _environment(site: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(site)}


def _run(code: str, site: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=_environment(site),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
