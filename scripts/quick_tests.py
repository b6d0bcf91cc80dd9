"""Run the quick tests of the service and of the engine side by side: `make test-quick`.

They leave out what needs many processes, large tables or a network. `make test` runs everything.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PROGRESS_SECONDS = 10.0
REPORT_LINES = 40

# Files that take more than a few seconds, each for a reason that its name tells.
SLOW_IN_SERVICE = (
    "tests/bench",
    "tests/kit/test_connections.py",
    "tests/test_cli.py",
    "tests/test_contract.py",
    "tests/test_health.py",
    "tests/test_plans_of_queries.py",
    "tests/test_roles.py",
    "tests/test_start.py",
    "tests/test_types.py",
)
QUICK_IN_ENGINE = ("tests/conformance", "tests/query", "tests/scope", "tests/test_address.py")
SLOW_IN_ENGINE = ("tests/conformance/test_processes.py",)


@dataclass
class Suite:
    """A running pytest, and the file that it prints to."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @classmethod
    def start(
        cls, name: str, folder: Path, run: Sequence[str], leave_out: Sequence[str]
    ) -> "Suite":
        output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the suite
        ignored = [f"--ignore={path}" for path in leave_out if (folder / path).exists()]
        command = [sys.executable, "-m", "pytest", "-q", "--tb=short", *run, *ignored]
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
        return cls(name, process, output)

    def text(self) -> str:
        """Return everything that pytest has printed so far."""
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def progress(self) -> str:
        """Return the last percentage that pytest has printed, such as `service 42%`."""
        _, _, last = self.text().rpartition("[")
        return f"{self.name} {last.partition(']')[0].strip() or '0%'}"


def main() -> int:
    began = time.monotonic()
    suites = [
        Suite.start("service", ROOT, ["tests"], SLOW_IN_SERVICE),
        Suite.start("engine", ROOT / "engine", QUICK_IN_ENGINE, SLOW_IN_ENGINE),
    ]
    try:
        wait(suites)
    finally:
        for suite in suites:
            suite.process.terminate()
            suite.process.wait()
    for suite in suites:
        lines = suite.text().rstrip().splitlines()
        shown = lines[-REPORT_LINES:] if suite.process.returncode else lines[-1:]
        print(f"{suite.name}:", "\n".join(shown), flush=True)
    failed = [suite.name for suite in suites if suite.process.returncode]
    verdict = f"failed: {', '.join(failed)}" if failed else "passed"
    print(f"quick tests {verdict}, after {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0


def wait(suites: Sequence[Suite]) -> None:
    """Wait until all suites have ended; print how far they are from time to time."""
    while running := [suite for suite in suites if suite.process.poll() is None]:
        print(", ".join(suite.progress() for suite in running), flush=True)
        until = time.monotonic() + PROGRESS_SECONDS
        while time.monotonic() < until and any(s.process.poll() is None for s in running):
            time.sleep(0.2)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("quick tests: interrupted")
