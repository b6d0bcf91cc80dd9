"""Format results as Markdown: tables of ratios and figures, and which targets are met."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench.contract import ENDPOINTS
from bench.peers import BASELINE
from bench.results import PeerResults, Results, Series, rate_ratio
from bench.targets import targets

_TITLES = {each.name: each.title for each in ENDPOINTS}
_PROCESSOR = """The server's CPU time per request, and how much of its core it used. If that is not
near 100%, PostgreSQL and the load generator on the other core are the limit."""
_PROCESS = """A server with all its processes: resident memory under load and at rest, and the time
from its start to the first 200 on /ready with warm caches: median, minimum and maximum."""
_TARGETS = """For our server in the same run: median, minimum and maximum of the rounds' ratios. The
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
            _table(results, lambda s: f"{_median(s.per_second):,.0f}, {_median(s.p99_ms):.0f} ms"),
            _PROCESSOR,
            _table(results, lambda s: f"{_median(s.cpu_us):.0f} µs, {_median(s.cpu_share):.0%}"),
            _PROCESS,
            _processes(results.peers.values()),
            "## Targets",
            _TARGETS,
            targets_table(results),
        ]
    )


def ratios(results: Results, baseline: str = BASELINE) -> str:
    """Return a table of each server's ratio to the baseline."""
    rows = [
        [
            _TITLES[name],
            *(f"{rate_ratio(results, name, peer, baseline).median:.2f}" for peer in results.peers),
        ]
        for name in results.endpoints()
    ]
    return markdown(["", *(peer.title for peer in results.peers.values())], rows)


def targets_table(results: Results) -> str:
    """Return a table with a row for each target."""
    rows = [
        [
            target.subject,
            target.required,
            target.reached,
            "yes" if target.is_met else "**no**",
            target.cpu_ratio,
        ]
        for target in targets(results)
    ]
    return markdown(["target", "required", "reached", "met", "by CPU time"], rows)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Return a Markdown table; the first `text_columns` columns are left-aligned."""
    line = ["---" if place < text_columns else "---:" for place in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, line, *rows))


def format_range(figures: Sequence[float], digits: int = 0) -> str:
    """Return the median, with the minimum and the maximum."""
    if not figures:
        return "-"
    median, low, high = statistics.median(figures), min(figures), max(figures)
    return f"{median:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def _how(settings: dict[str, Any]) -> str:
    return (
        "Written by `make bench`; [bench/README.md](../bench/README.md) explains the method and the"
        f" servers. This run: {settings['rounds']} rounds of {settings['seconds']:g} s,"
        f" {settings['connections']} connections by {settings['load']}, Python"
        f" {settings['python']}, Node {settings['node']}, {settings['cores']} cores, commit"
        f" {settings['commit']}; the machine's load was {settings['machine_load']} at the start."
        " Compare only ratios."
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
            f"{_median(peer.memory_loaded):.0f} MiB",
            f"{_median(peer.memory_idle):.0f} MiB",
            f"{format_range(peer.starts_ms)} ms",
        ]
        for peer in peers
    ]
    return markdown(["", "under load", "at rest", "start"], rows)


def _title(results: Results, name: str) -> str:
    return results.peers[name].title


def _median(figures: Sequence[float]) -> float:
    return statistics.median(figures) if figures else float("nan")
