"""Results as Markdown: tables of ratios and figures, and which aims are met."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench.aims import aims
from bench.contract import ENDPOINTS
from bench.peers import BASELINE
from bench.results import PeerResults, Results, Series, ratio_of

_TITLES = {each.name: each.title for each in ENDPOINTS}
_PROCESSOR = """The server's CPU time per request, and how much of its core it used. If that is not
near 100%, PostgreSQL and the load generator on the other core are the limit."""
_PROCESS = """A server with all its processes: resident memory under load and at rest, and the time
from its start to the first 200 on /ready with warm caches: median, minimum and maximum."""
_AIMS = """For our server in the same run: median, minimum and maximum of the rounds' ratios. The
last column is the ratio of CPU times, which other work on the machine disturbs less than request
rates."""


def page(results: Results, plot: str) -> str:
    """Return the whole page."""
    return "\n\n".join(
        [
            "# Servers side by side",
            _how(results.settings),
            f"![requests per second, as ratios to Fastify + Prisma 7]({plot})",
            (
                "Requests per second: the median of the rounds' ratios to"
                f" {_title(results, BASELINE)}."
            ),
            ratios(results),
            "Requests per second (medians), and the 99th percentile of the response times.",
            _table(results, lambda s: f"{_middle(s.per_second):,.0f}, {_middle(s.p99_ms):.0f} ms"),
            _PROCESSOR,
            _table(results, lambda s: f"{_middle(s.cpu_us):.0f} µs, {_middle(s.cpu_share):.0%}"),
            _PROCESS,
            _processes(results.peers.values()),
            "## Aims",
            _AIMS,
            aims_met(results),
        ]
    )


def ratios(results: Results, baseline: str = BASELINE) -> str:
    """Return a table of each server's ratio to the baseline."""
    rows = [
        [
            _TITLES[name],
            *(f"{ratio_of(results, name, peer, baseline).median:.2f}" for peer in results.peers),
        ]
        for name in results.endpoints()
    ]
    return markdown(["", *(peer.title for peer in results.peers.values())], rows)


def aims_met(results: Results) -> str:
    """Return a table with a row for each aim."""
    rows = [
        [aim.what, aim.wanted, aim.reached, "yes" if aim.is_met else "**no**", aim.by_processor]
        for aim in aims(results)
    ]
    return markdown(["aim", "wanted", "reached", "met", "by CPU time"], rows)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Return a Markdown table; the first `words` columns are left-aligned."""
    line = ["---" if place < words else "---:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, line, *rows))


def spread(figures: Sequence[float], digits: int = 0) -> str:
    """Return the median, with the minimum and the maximum."""
    if not figures:
        return "-"
    middle, low, high = statistics.median(figures), min(figures), max(figures)
    return f"{middle:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def _how(settings: dict[str, Any]) -> str:
    return (
        "Written by `make bench`; [bench/README.md](../bench/README.md) explains the method and the"
        f" servers. This run: {settings['rounds']} rounds of {settings['seconds']:g} s,"
        f" {settings['connections']} connections by {settings['load']}, Python"
        f" {settings['python']}, Node {settings['node']}, {settings['cores']} cores, commit"
        f" {settings['commit']}; the machine's load was {settings['machine_load']} at the start."
        " Only ratios mean anything."
    )


def _table(results: Results, cell: Callable[[Series], str]) -> str:
    rows = [
        [_TITLES[name], *(cell(peer.endpoints[name]) for peer in results.peers.values())]
        for name in results.endpoints()
    ]
    return markdown(["", *(peer.title for peer in results.peers.values())], rows)


def _processes(peers: Iterable[PeerResults]) -> str:
    rows = [
        [
            peer.title,
            f"{_middle(peer.memory_loaded):.0f} MiB",
            f"{_middle(peer.memory_idle):.0f} MiB",
            f"{spread(peer.starts_ms)} ms",
        ]
        for peer in peers
    ]
    return markdown(["", "under load", "at rest", "start"], rows)


def _title(results: Results, name: str) -> str:
    return results.peers[name].title


def _middle(figures: Sequence[float]) -> float:
    return statistics.median(figures) if figures else float("nan")
