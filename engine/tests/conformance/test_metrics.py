"""get_metrics: numbers about queries and connections, as JSON and for Prometheus."""

from typing import Any

import pytest

_COUNTERS = {
    "prisma_client_queries_total",
    "prisma_datasource_queries_total",
    "prisma_pool_connections_opened_total",
    "prisma_pool_connections_closed_total",
}
_GAUGES = {
    "prisma_pool_connections_open",
    "prisma_client_queries_active",
    "prisma_client_queries_wait",
    "prisma_pool_connections_busy",
    "prisma_pool_connections_idle",
}
_HISTOGRAMS = {
    "prisma_client_queries_duration_histogram_ms",
    "prisma_client_queries_wait_histogram_ms",
    "prisma_datasource_queries_duration_histogram_ms",
}


def _value(metrics: Any, key: str) -> Any:
    found = [
        metric.value
        for metric in [*metrics.counters, *metrics.gauges, *metrics.histograms]
        if metric.key == key
    ]
    assert len(found) == 1, key
    return found[0]


async def test_json(db: Any) -> None:
    """All of Prisma's counters, gauges and histograms are there."""
    await db.user.find_many()
    metrics = await db.get_metrics()
    assert {metric.key for metric in metrics.counters} >= _COUNTERS
    assert {metric.key for metric in metrics.gauges} >= _GAUGES
    assert {metric.key for metric in metrics.histograms} >= _HISTOGRAMS
    for metric in [*metrics.counters, *metrics.gauges, *metrics.histograms]:
        assert metric.description
        assert metric.labels == {}


async def test_they_count(db: Any) -> None:
    """A query of the client is one more, and its statements are counted on their own."""
    before = await db.get_metrics()
    for _ in range(3):
        await db.user.count()
    await db.user.create(data={"email": "a", "posts": {"create": [{"title": "t"}]}})
    after = await db.get_metrics()

    def grown(key: str) -> float:
        return _value(after, key) - _value(before, key)

    assert grown("prisma_client_queries_total") == 4
    assert grown("prisma_datasource_queries_total") >= 5
    key = "prisma_client_queries_duration_histogram_ms"
    assert _value(after, key).count - _value(before, key).count == 4
    assert _value(after, key).sum > _value(before, key).sum
    buckets = _value(after, key).buckets
    assert sum(bucket.total_count for bucket in buckets) >= 1
    assert [bucket.max_value for bucket in buckets] == sorted(
        bucket.max_value for bucket in buckets
    )


async def test_transactions_are_seen(db: Any) -> None:
    """A transaction holds a connection while it lasts."""
    async with db.tx() as tx:
        await tx.user.count()
        metrics = await db.get_metrics()
        assert _value(metrics, "prisma_pool_connections_busy") == 1
    metrics = await db.get_metrics()
    assert _value(metrics, "prisma_pool_connections_busy") == 0
    assert _value(metrics, "prisma_pool_connections_open") >= 1


async def test_prometheus(db: Any) -> None:
    """The text that Prometheus reads: each metric with its help, type and values."""
    await db.user.find_many()
    text = await db.get_metrics(format="prometheus")
    for key in _COUNTERS:
        assert f"# TYPE {key} counter" in text
    for key in _GAUGES:
        assert f"# HELP {key} " in text
        assert f"# TYPE {key} gauge" in text
    for key in _HISTOGRAMS:
        assert f"# TYPE {key} histogram" in text
        assert f'{key}_bucket{{le="+Inf"}}' in text
        assert f"{key}_sum" in text
        assert f"{key}_count" in text


async def test_global_labels(db: Any) -> None:
    """Labels of the caller are on every metric."""
    await db.user.find_many()
    metrics = await db.get_metrics(global_labels={"app": "x"})
    assert {tuple(metric.labels.items()) for metric in metrics.counters} == {(("app", "x"),)}
    text = await db.get_metrics(format="prometheus", global_labels={"app": "x"})
    assert 'prisma_client_queries_total{app="x"}' in text


async def test_before_connect(prisma: Any, url: str) -> None:
    """A client that is not connected has no metrics."""
    with pytest.raises(prisma.errors.ClientNotConnectedError):
        await prisma.Prisma(datasource={"url": url}).get_metrics()
