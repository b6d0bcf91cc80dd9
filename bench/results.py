"""What was measured: kept as JSON, read again, and reduced to medians and ratios."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from bench.errors import BenchError

_LEAST_TO_TELL = 4  # of fewer figures none is an accident


@dataclass
class Series:
    """One server and one endpoint; each list has a figure for each round."""

    per_second: list[float] = field(default_factory=list[float])
    p50_ms: list[float] = field(default_factory=list[float])
    p99_ms: list[float] = field(default_factory=list[float])
    cpu_us: list[float] = field(default_factory=list[float])
    cpu_share: list[float] = field(default_factory=list[float])
    errors: list[int] = field(default_factory=list[int])


@dataclass
class PeerResults:
    """One server: its endpoints, its starts, its memory in MiB."""

    title: str
    endpoints: dict[str, Series] = field(default_factory=dict[str, Series])
    starts_ms: list[float] = field(default_factory=list[float])
    memory_idle: list[float] = field(default_factory=list[float])
    memory_loaded: list[float] = field(default_factory=list[float])


@dataclass
class Results:
    """Everything that one run measured; rounds stand at the same place in every list."""

    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    peers: dict[str, PeerResults] = field(default_factory=dict[str, PeerResults])

    def endpoints(self) -> list[str]:
        """The endpoints that every server was measured on."""
        first, *others = (peer.endpoints for peer in self.peers.values())
        return [name for name in first if all(name in other for other in others)]


_FORM = TypeAdapter(Results)


@dataclass(frozen=True)
class Ratio:
    """How many times as fast: the median of the rounds' ratios, the least and the greatest."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(mine: Sequence[float], theirs: Sequence[float], *, steady: bool = False) -> Ratio:
    """Both sides of each round's ratio are of the same minute, with the same other load."""
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    if steady:
        ratios = _without_accidents(ratios)
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def _without_accidents(figures: list[float]) -> list[float]:
    """Those near the middle half: what lies far off met something else on the machine."""
    if len(figures) < _LEAST_TO_TELL:
        return figures
    low, _, high = statistics.quantiles(figures, n=4, method="inclusive")
    reach = 1.5 * (high - low)
    return [figure for figure in figures if low - reach <= figure <= high + reach]


def ratio_of(results: Results, endpoint: str, mine: str, theirs: str) -> Ratio:
    """By the requests that were answered each second."""
    a, b = (results.peers[name].endpoints[endpoint].per_second for name in (mine, theirs))
    return ratio(a, b)


def ratio_by_processor(
    results: Results, endpoint: str, mine: str, theirs: str, *, steady: bool = False
) -> Ratio:
    """By the processor's time for a request, turned round so that more is faster as well."""
    a, b = (results.peers[name].endpoints[endpoint].cpu_us for name in (mine, theirs))
    return ratio(b, a, steady=steady)


def save(results: Results, file: Path) -> None:
    text = _FORM.dump_json(results)
    rounded = json.loads(text, parse_float=lambda number: round(float(number), 3))
    file.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def read(file: Path) -> Results:
    try:
        return _FORM.validate_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise BenchError(f"{file} holds no results; `make bench` makes it: {error}") from error
