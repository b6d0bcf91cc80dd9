"""Counters of one engine, in the names and forms of Prisma's metrics."""

from __future__ import annotations

import bisect
import re
from typing import Any, Final

_BUCKETS: Final = (0.0, 1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 5000.0, 50000.0)

# What Prometheus takes in the name of a label.
_NO_NAME: Final = re.compile(r"^[0-9]|[^a-zA-Z0-9_]")

_DESCRIPTIONS: Final = {
    "prisma_client_queries_total": "Total number of Prisma Client queries executed",
    "prisma_datasource_queries_total": "Total number of Datasource Queries executed",
    "prisma_pool_connections_closed_total": "Total number of Pool Connections closed",
    "prisma_pool_connections_opened_total": "Total number of Pool Connections opened",
    "prisma_client_queries_active": "Number of currently active Prisma Client queries",
    "prisma_client_queries_wait": (
        "Number of Prisma Client queries currently waiting for a connection"
    ),
    "prisma_pool_connections_busy": (
        "Number of currently busy Pool Connections (executing a datasource query)"
    ),
    "prisma_pool_connections_idle": (
        "Number of currently unused Pool Connections (waiting for the next datasource query to run)"
    ),
    "prisma_pool_connections_open": "Number of currently open Pool Connections",
    "prisma_plan_cache_plans": "Number of compiled query plans in the cache",
    "prisma_client_queries_duration_histogram_ms": (
        "Histogram of the duration of all executed Prisma Client queries in ms"
    ),
    "prisma_client_queries_wait_histogram_ms": (
        "Histogram of the wait time of all Prisma Client Queries in ms"
    ),
    "prisma_datasource_queries_duration_histogram_ms": (
        "Histogram of the duration of all executed Datasource Queries in ms"
    ),
    "prisma_plan_cache_hits_total": "Total number of queries whose plan was in the cache",
    "prisma_plan_cache_misses_total": "Total number of queries whose plan had to be compiled",
    "prisma_plan_compile_ms_total": "Total time that compiling query plans took in ms",
}


class Histogram:
    """Durations in milliseconds, counted by bucket; `at_once` counts those that took no time."""

    __slots__ = ("_count", "_counts", "at_once", "sum")

    def __init__(self) -> None:
        self._counts = [0] * (len(_BUCKETS) + 1)
        self._count = 0
        self.at_once = 0
        self.sum = 0.0

    @property
    def count(self) -> int:
        return self._count + self.at_once

    def add(self, seconds: float) -> None:
        if not seconds:
            self.at_once += 1
            return
        milliseconds = seconds * 1000
        self._counts[bisect.bisect_left(_BUCKETS, milliseconds)] += 1
        self.sum += milliseconds
        self._count += 1

    def _buckets(self) -> list[tuple[float, int]]:
        """How many were in each bucket alone."""
        first, *others = self._counts
        return list(zip(_BUCKETS, [first + self.at_once, *others], strict=False))

    def as_json(self) -> dict[str, Any]:
        buckets = [list(bucket) for bucket in self._buckets()]
        return {"buckets": buckets, "sum": self.sum, "count": self.count}

    def cumulative(self) -> list[tuple[str, int]]:
        total = 0
        lines: list[tuple[str, int]] = []
        for limit, number in self._buckets():
            total += number
            lines.append((f"{limit:g}", total))
        return [*lines, ("+Inf", self.count)]


class Metrics:
    """What one engine did."""

    __slots__ = ("active", "client", "database")

    def __init__(self) -> None:
        self.active = 0
        self.client = Histogram()
        self.database = Histogram()


def as_json(
    counters: dict[str, float],
    gauges: dict[str, float],
    histograms: dict[str, Histogram],
    labels: dict[str, str],
) -> dict[str, Any]:
    """Prisma's JSON of metrics."""

    def metric(key: str, value: Any) -> dict[str, Any]:
        return {"key": key, "labels": labels, "value": value, "description": _DESCRIPTIONS[key]}

    return {
        "counters": [metric(key, round(value)) for key, value in sorted(counters.items())],
        "gauges": [metric(key, float(value)) for key, value in sorted(gauges.items())],
        "histograms": [metric(key, value.as_json()) for key, value in sorted(histograms.items())],
    }


def as_prometheus(
    counters: dict[str, float],
    gauges: dict[str, float],
    histograms: dict[str, Histogram],
    labels: dict[str, str],
) -> str:
    """The text that Prometheus reads."""
    lines: list[str] = []

    def head(key: str, kind: str) -> None:
        lines.append(f"# HELP {key} {_DESCRIPTIONS[key]}")
        lines.append(f"# TYPE {key} {kind}")

    for kind, group in (("counter", counters), ("gauge", gauges)):
        for key, value in sorted(group.items()):
            head(key, kind)
            lines.append(f"{key}{_labels(labels)} {_number(value)}")
            lines.append("")
    for key, histogram in sorted(histograms.items()):
        head(key, "histogram")
        for limit, total in histogram.cumulative():
            lines.append(f"{key}_bucket{_labels({**labels, 'le': limit})} {total}")
        lines.append(f"{key}_sum{_labels(labels)} {_number(histogram.sum)}")
        lines.append(f"{key}_count{_labels(labels)} {histogram.count}")
        lines.append("")
    return "\n".join(lines)


def _number(value: float) -> str:
    """All digits of a number, as counters need them."""
    return str(int(value)) if value == int(value) else repr(value)


def _labels(labels: dict[str, str]) -> str:
    if not labels:
        return ""
    escaped = {
        _NO_NAME.sub("_", key): value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        for key, value in labels.items()
    }
    return "{" + ",".join(f'{key}="{value}"' for key, value in escaped.items()) + "}"
