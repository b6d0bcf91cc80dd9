"""Run programs: with a limit, quiet unless they fail."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.errors import BenchError


def run(
    command: Sequence[str | Path],
    *,
    limit: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    text: str | None = None,
    codes: Sequence[int] = (0,),
) -> str:
    """Run a program; return its output. Raise BenchError with the end of it on failure."""
    arguments = [str(word) for word in command]
    try:
        done = subprocess.run(
            arguments,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"{arguments[0]}: {error}") from error
    if done.returncode not in codes:
        output = (done.stderr.strip() or done.stdout.strip())[-1000:]
        raise BenchError(f"{' '.join(arguments)[:200]} exited with {done.returncode}: {output}")
    return done.stdout


def print_progress(text: str) -> None:
    """Print a line of progress to stderr."""
    print(text, file=sys.stderr, flush=True)
