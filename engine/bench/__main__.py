"""What queries cost through the client, and what the engine takes of a process.

    python -m bench [--rounds N] [--only WORDS] [--queries | --process]

Each query runs through the client and in every way that one would write it by hand, on one server,
with one connection each, in turns. A figure is the median over the rounds of a round's mean, and the
ratio is to the fastest way by hand; only ratios mean anything on a machine that has other work too.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from pathlib import Path

from prisma_wasm import embedded

from . import process, queries

HERE = Path(__file__).parent
LIMIT = 300


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="", help="queries whose name contains this")
    parser.add_argument("--queries", action="store_true", help="queries alone")
    parser.add_argument("--process", action="store_true", help="memory and start-up alone")
    options = parser.parse_args()
    missed = 0
    with embedded.temporary() as server:
        url = server.url("bench")
        prisma("db", "push", "--schema", "schema.prisma", url=url)
        if not options.process:
            missed += asyncio.run(queries.measure(url, options.rounds, options.only))
        if not options.queries:
            missed += process.measure(url, prisma)
    return 1 if missed else 0


def prisma(*arguments: str, url: str) -> None:
    subprocess.run(  # noqa: S603  # the environment's own command
        [Path(sys.executable).with_name("prisma"), *arguments],
        cwd=HERE,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=LIMIT,
    )


if __name__ == "__main__":
    sys.exit(main())
