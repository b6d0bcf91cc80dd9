"""Run the engine's tests with the oldest and the newest supported packages: `make test-versions`.

    python3 scripts/test_versions.py [oldest] [newest] [--short]

The ranges are those of engine/pyproject.toml, for asyncpg, wasmtime and pydantic. Each end of them
gets a virtual environment of its own below `.versions`. `--short` runs what depends on the packages
most; continuous integration runs it on every push, and all of it once a week.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENGINE = ROOT / "engine"
VENVS = ROOT / ".versions"
ENDS = ("oldest", "newest")
# The oldest packages have no wheels for the newer Pythons.
PYTHON = {"oldest": "python3.11", "newest": sys.executable}
RANGED = ("asyncpg", "wasmtime", "pydantic")
TOOLS = (
    "pytest",
    "pytest-asyncio",
    "cryptography",
    "hypothesis",
    "opentelemetry-sdk",
    "psutil",
    "pyright",
    "uvloop",
)
SHORT = (
    "tests/test_address.py",
    "tests/test_tls_parameters.py",
    "tests/query",
    "tests/conformance/test_connect.py",
    "tests/conformance/test_create.py",
    "tests/conformance/test_find_many.py",
    "tests/conformance/test_json.py",
    "tests/conformance/test_models.py",
    "tests/conformance/test_raw.py",
    "tests/conformance/test_transactions.py",
    "tests/scope/test_unsent_settings.py",
    "tests/faults/test_hosts.py",
)
LONG = (
    "tests/test_address.py",
    "tests/test_tls_parameters.py",
    "tests/query",
    "tests/conformance",
    "tests/scope",
    "tests/faults",
    "tests/observe",
)


def ranges() -> dict[str, tuple[str, str]]:
    """Return the lower and the upper bound of each package, as engine/pyproject.toml has them."""
    project = tomllib.loads((ENGINE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, tuple[str, str]] = {}
    for requirement in project["dependencies"]:
        match = re.fullmatch(r"([\w-]+)>=([\d.]+),<([\d.]+)", requirement)
        if match is None:
            raise SystemExit(f"engine/pyproject.toml: `{requirement}` has no lower or upper bound.")
        found[match[1]] = (match[2], match[3])
    return found


def requirements(end: str) -> list[str]:
    """Return what to install for one end of the ranges."""
    bounds = ranges()
    if end == "newest":
        return [f"{name}>={bounds[name][0]},<{bounds[name][1]}" for name in RANGED]
    return [f"{name}=={bounds[name][0]}" for name in RANGED]


def environment(end: str) -> Path:
    """Make one end's virtual environment afresh; return its Python."""
    base = shutil.which(PYTHON[end])
    if base is None:
        raise SystemExit(f"The {end} packages need {PYTHON[end]}, which is not on PATH.")
    folder = VENVS / end
    subprocess.run([base, "-m", "venv", "--clear", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*install, "--upgrade", *requirements(end), "--editable", f"{ENGINE}[embedded]", *TOOLS],
        check=True,
    )
    subprocess.run([str(python), "-m", "pip", "check"], check=True)
    return python


def passes(end: str, *, short: bool) -> bool:
    """Run the tests on one end of the ranges."""
    python = environment(end)
    listed = subprocess.run(
        [str(python), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    versions = [line for line in listed if line.split("==")[0] in RANGED]
    print(f"== {end}: {', '.join(sorted(versions))}", flush=True)
    cache = ["-o", f"cache_dir={VENVS / end / 'pytest_cache'}"]
    tests = SHORT if short else LONG
    return subprocess.call([str(python), "-m", "pytest", "-q", *cache, *tests], cwd=ENGINE) == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("ends", nargs="*", choices=[*ENDS, []], default=list(ENDS))
    parser.add_argument("--short", action="store_true", help="the tests that matter most")
    given = parser.parse_args()
    failed = [end for end in given.ends if not passes(end, short=given.short)]
    if failed:
        raise SystemExit(f"The engine's tests fail with the {' and the '.join(failed)} packages.")


if __name__ == "__main__":
    main()
