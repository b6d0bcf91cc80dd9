"""What our server is to reach, compared with the others in one run."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from bench.contract import ENDPOINTS
from bench.peers import OURS
from bench.results import Results, ratio_by_processor, ratio_of

# Requests a second, as a ratio to another server's.
LEAST: dict[str, dict[str, float]] = {
    "fastify_prisma": {
        "user": 0.75, "workspace": 1.0, "user_workspaces": 1.0, "page": 0.75, "create": 1.0,
    },
    "fastapi_sqlalchemy": {
        "user": 3.0, "workspace": 3.0, "user_workspaces": 3.0, "page": 3.0, "create": 3.0,
    },
    "fastapi_asyncpg": {each.name: 0.8 for each in ENDPOINTS},
}  # fmt: skip
LONGEST_START_MS = 800.0


@dataclass(frozen=True)
class Aim:
    """One of them, and what came of it."""

    what: str
    wanted: str
    reached: str
    is_met: bool
    by_processor: str = ""


def aims(results: Results) -> Iterator[Aim]:
    """As far as the results tell of them."""
    titles = {each.name: each.title for each in ENDPOINTS}
    for theirs, endpoints in LEAST.items():
        if theirs not in results.peers or OURS not in results.peers:
            continue
        for endpoint, least in endpoints.items():
            if endpoint in results.endpoints():
                got = ratio_of(results, endpoint, OURS, theirs)
                yield Aim(
                    f"{titles[endpoint]}, to {results.peers[theirs].title}",
                    f"≥ {least:.2f}",
                    str(got),
                    got.median >= least,
                    f"{ratio_by_processor(results, endpoint, OURS, theirs).median:.2f}",
                )
    yield from _of_the_process(results)


def _of_the_process(results: Results) -> Iterator[Aim]:
    ours, theirs = results.peers.get(OURS), results.peers.get("fastify_prisma")
    if ours and theirs and ours.memory_loaded and theirs.memory_loaded:
        mine, limit = (statistics.median(each.memory_loaded) for each in (ours, theirs))
        yield Aim(
            f"memory under load, to {theirs.title}",
            f"< {limit:.0f} MiB",
            f"{mine:.0f} MiB",
            mine < limit,
        )
    if ours and ours.starts_ms:
        start = statistics.median(ours.starts_ms)
        yield Aim(
            "from its start to the first 200 on /ready",
            f"< {LONGEST_START_MS:.0f} ms",
            f"{start:.0f} ms ({min(ours.starts_ms):.0f} to {max(ours.starts_ms):.0f})",
            start < LONGEST_START_MS,
        )
