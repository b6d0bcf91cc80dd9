"""Results of a run: saved as JSON, read, and reduced to medians and ratios."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from bench.errors import BenchError

_MIN_FOR_OUTLIERS = 4  # with fewer figures, none can be called an outlier


@dataclass
class Series:
    """The figures of one server on one endpoint; each list has one per round."""

    per_second: list[float] = field(default_factory=list[float])
    p50_ms: list[float] = field(default_factory=list[float])
    p99_ms: list[float] = field(default_factory=list[float])
    cpu_us: list[float] = field(default_factory=list[float])
    cpu_share: list[float] = field(default_factory=list[float])
    errors: list[int] = field(default_factory=list[int])


@dataclass
class PeerResults:
    """The results of one server; memory is in MiB."""

    title: str
    endpoints: dict[str, Series] = field(default_factory=dict[str, Series])
    starts_ms: list[float] = field(default_factory=list[float])
    memory_idle: list[float] = field(default_factory=list[float])
    memory_loaded: list[float] = field(default_factory=list[float])


@dataclass
class Results:
    """Everything that one run measured; a round has the same index in every list."""

    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    peers: dict[str, PeerResults] = field(default_factory=dict[str, PeerResults])

    def endpoints(self) -> list[str]:
        """Return the endpoints on which every server was measured."""
        first, *others = (peer.endpoints for peer in self.peers.values())
        return [name for name in first if all(name in other for other in others)]


_ADAPTER = TypeAdapter(Results)


@dataclass(frozen=True)
class Ratio:
    """How many times as fast: the median, minimum and maximum of the rounds' ratios."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(mine: Sequence[float], theirs: Sequence[float], *, drop_outliers: bool = False) -> Ratio:
    """Return the ratio of two series, round by round.

    Both sides of a round were measured in the same minute, so other load affects both.
    """
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    if drop_outliers:
        ratios = _without_outliers(ratios)
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def _without_outliers(figures: list[float]) -> list[float]:
    """Return the figures without those far from the middle half, which other work disturbed."""
    if len(figures) < _MIN_FOR_OUTLIERS:
        return figures
    low, _, high = statistics.quantiles(figures, n=4, method="inclusive")
    margin = 1.5 * (high - low)
    return [figure for figure in figures if low - margin <= figure <= high + margin]


def rate_ratio(results: Results, endpoint: str, mine: str, theirs: str) -> Ratio:
    """Return the ratio of requests per second."""
    a, b = (results.peers[name].endpoints[endpoint].per_second for name in (mine, theirs))
    return ratio(a, b)


def cpu_ratio(
    results: Results, endpoint: str, mine: str, theirs: str, *, drop_outliers: bool = False
) -> Ratio:
    """Return the inverse ratio of CPU times per request, so that above 1 is faster here too."""
    a, b = (results.peers[name].endpoints[endpoint].cpu_us for name in (mine, theirs))
    return ratio(b, a, drop_outliers=drop_outliers)


def save(results: Results, file: Path) -> None:
    """Write results as JSON, rounded to three digits."""
    text = _ADAPTER.dump_json(results)
    rounded = json.loads(text, parse_float=lambda number: round(float(number), 3))
    file.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> Results:
    """Read results; raise BenchError if the file is missing or invalid."""
    try:
        return _ADAPTER.validate_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BenchError(f"{file} has no results; run `make bench`: {error}") from error
