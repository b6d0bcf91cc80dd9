"""The performance targets of our server, relative to the others in the same run."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from bench.contract import ENDPOINTS
from bench.peers import OURS
from bench.results import Results, cpu_ratio, rate_ratio

# The least ratio of our requests per second to another server's.
MIN_RATIOS: dict[str, dict[str, float]] = {
    "fastify_prisma": {
        "user": 0.75, "workspace": 1.0, "user_workspaces": 1.0, "page": 0.75, "create": 1.0,
    },
    "fastapi_sqlalchemy": {
        "user": 3.0, "workspace": 3.0, "user_workspaces": 3.0, "page": 3.0, "create": 3.0,
    },
    "fastapi_asyncpg": {each.name: 0.8 for each in ENDPOINTS},
}  # fmt: skip
MAX_START_MS = 800.0


@dataclass(frozen=True)
class Target:
    """One target, and whether the results meet it."""

    subject: str
    required: str
    reached: str
    is_met: bool
    cpu_ratio: str = ""


def targets(results: Results) -> Iterator[Target]:
    """Yield the targets for which there are results."""
    titles = {each.name: each.title for each in ENDPOINTS}
    for theirs, endpoints in MIN_RATIOS.items():
        if theirs not in results.peers or OURS not in results.peers:
            continue
        for endpoint, minimum in endpoints.items():
            if endpoint in results.endpoints():
                reached = rate_ratio(results, endpoint, OURS, theirs)
                yield Target(
                    f"{titles[endpoint]}, to {results.peers[theirs].title}",
                    f"≥ {minimum:.2f}",
                    str(reached),
                    reached.median >= minimum,
                    f"{cpu_ratio(results, endpoint, OURS, theirs).median:.2f}",
                )
    yield from _process_targets(results)


def _process_targets(results: Results) -> Iterator[Target]:
    ours, theirs = results.peers.get(OURS), results.peers.get("fastify_prisma")
    if ours and theirs and ours.memory_loaded and theirs.memory_loaded:
        memory, limit = (statistics.median(each.memory_loaded) for each in (ours, theirs))
        yield Target(
            f"memory under load, to {theirs.title}",
            f"< {limit:.0f} MiB",
            f"{memory:.0f} MiB",
            memory < limit,
        )
    if ours and ours.starts_ms:
        start = statistics.median(ours.starts_ms)
        yield Target(
            "time from start to the first 200 on /ready",
            f"< {MAX_START_MS:.0f} ms",
            f"{start:.0f} ms ({min(ours.starts_ms):.0f} to {max(ours.starts_ms):.0f})",
            start < MAX_START_MS,
        )
