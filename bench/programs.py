"""Running programs: with a limit, quiet unless they fail."""

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
    """What a program prints; raises BenchError with its last words when it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
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
        raise BenchError(f"{words[0]}: {error}") from error
    if done.returncode not in codes:
        said = (done.stderr.strip() or done.stdout.strip())[-1000:]
        raise BenchError(f"{' '.join(words)[:200]} ended with {done.returncode}: {said}")
    return done.stdout


def say(text: str) -> None:
    """Tell whoever waits how far it is."""
    print(text, file=sys.stderr, flush=True)
