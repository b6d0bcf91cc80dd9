"""Load on a server: many connections, each sending its next request when the last is answered."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench import setup
from bench.errors import BenchError
from bench.folders import NODE, work
from bench.programs import run

SCRIPT = Path(__file__).with_name("replay.lua")
CONNECTIONS = 32
TOLERATED = 0.01  # of the requests may fail before nothing is made of a load
_GRACE = 60.0


@dataclass(frozen=True)
class Load:
    """What came of a load."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def generator() -> str:
    """The name of the program that makes the load."""
    return "wrk" if setup.wrk() else "autocannon"


def load(
    port: int,
    requests: Path,
    *,
    seconds: int,
    connections: int = CONNECTIONS,
    seed: int = 1,
) -> Load:
    """Send the requests of a file, in any order, for a time; raises BenchError if they fail."""
    url = f"http://127.0.0.1:{port}"
    wrk = setup.wrk()
    if wrk:
        command = [
            wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
            "-s", SCRIPT, url, "--", requests, str(seed),
        ]  # fmt: skip
        printed = run(command, limit=seconds + _GRACE, env=setup.wrk_environment())
    else:
        command = [*setup.node_program("node"), NODE / "replay.mjs", url, requests]
        command += [str(seconds), str(connections), str(seed)]
        printed = run(command, limit=seconds + _GRACE)
    done = _result(printed)
    if done.errors > TOLERATED * done.requests or not done.requests:
        raise BenchError(
            f"{done.errors} of the {done.requests} answers to {requests.stem} were errors;"
            f" the server's log below {work('logs')} may say why."
        )
    return done


def _result(printed: str) -> Load:
    for line in printed.splitlines():
        if line.startswith("RESULT "):
            return Load(**json.loads(line.removeprefix("RESULT ")))
    raise BenchError(f"The load generator gave no result: {printed[-500:]}")
