"""Put load on a server: each connection sends its next request after the last response."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench import setup
from bench.errors import BenchError
from bench.folders import NODE, work
from bench.programs import run

SCRIPT = Path(__file__).with_name("replay.lua")
CONNECTIONS = 32
MAX_ERROR_SHARE = 0.01  # of the requests; beyond it the figures mean nothing
_GRACE_SECONDS = 60.0


@dataclass(frozen=True)
class LoadResult:
    """The figures of one load."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def generator_name() -> str:
    """Return the name of the program that creates the load."""
    return "wrk" if setup.find_wrk() else "autocannon"


def load(
    port: int,
    requests: Path,
    *,
    seconds: int,
    connections: int = CONNECTIONS,
    seed: int = 1,
) -> LoadResult:
    """Send the requests of a file in random order; raise BenchError if too many fail.

    All of them are sent before any is sent again; by autocannon, those of each connection's part.
    """
    url = f"http://127.0.0.1:{port}"
    wrk = setup.find_wrk()
    if wrk:
        command = [
            wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
            "-s", SCRIPT, url, "--", requests, str(seed),
        ]  # fmt: skip
        printed = run(command, limit=seconds + _GRACE_SECONDS, env=setup.wrk_environment())
    else:
        command = [*setup.node_program("node"), NODE / "replay.mjs", url, requests]
        command += [str(seconds), str(connections), str(seed)]
        printed = run(command, limit=seconds + _GRACE_SECONDS)
    result = _parse_result(printed)
    if result.errors > MAX_ERROR_SHARE * result.requests or not result.requests:
        raise BenchError(
            f"{result.errors} of the {result.requests} responses to {requests.stem} were errors;"
            f" the server's log in {work('logs')} may say why."
        )
    return result


def _parse_result(printed: str) -> LoadResult:
    for line in printed.splitlines():
        if line.startswith("RESULT "):
            return LoadResult(**json.loads(line.removeprefix("RESULT ")))
    raise BenchError(f"The load generator printed no result: {printed[-500:]}")
