"""Run the quick tests of the service and of the engine side by side: `make test-quick`.

They cover the engine's client API and what protects the service. `make test` runs everything.
After a change to a domain, run that domain's tests too.
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

# Structure, settings, isolation, policies, statement counts, and one domain through HTTP.
QUICK_IN_SERVICE = (
    "tests/test_house.py",
    "tests/test_declarations.py",
    "tests/test_settings.py",
    "tests/test_isolation.py::test_nothing_leaks",
    "tests/test_policies.py",
    "tests/test_queries_of_routes.py",
    "tests/auth/test_tokens.py",
    "tests/accounts/test_log_in.py",
    "tests/http/test_requests.py",
    "tests/workspaces/test_workspaces.py",
)
QUICK_IN_ENGINE = ("tests/conformance", "tests/query", "tests/test_address.py")
# Generated clients, random values and long lists take most of the engine's time.
SLOW_IN_ENGINE = (
    "tests/conformance/test_connect.py",
    "tests/conformance/test_large.py",
    "tests/conformance/test_models.py",
    "tests/conformance/test_modern_schema.py",
    "tests/conformance/test_partials.py",
    "tests/conformance/test_processes.py",
    "tests/conformance/test_random_queries.py",
    "tests/conformance/test_random_values.py",
    "tests/conformance/test_stream.py",
    "tests/query/test_line.py",
)


@dataclass
class Suite:
    """A running pytest, and the file that it prints to."""

    name: str
    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @classmethod
    def start(
        cls, name: str, folder: Path, run: Sequence[str], leave_out: Sequence[str] = ()
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
        Suite.start("service", ROOT, QUICK_IN_SERVICE),
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
