"""get_metrics: numbers about queries and connections, as JSON and for Prometheus."""

import asyncio
import re
from typing import Any

import pytest

from prisma_wasm.metrics import Histogram, as_prometheus

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
    for group in (metrics.counters, metrics.gauges, metrics.histograms):
        assert [metric.key for metric in group] == sorted(metric.key for metric in group)
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
    text = await db.get_metrics(format="prometheus", global_labels={"1 a-b": 'x"\\y\nz'})
    assert 'prisma_client_queries_total{__a_b="x\\"\\\\y\\nz"}' in text


async def test_batches_count(db: Any) -> None:
    """Each query of a batch is one of the client's."""
    before = await db.get_metrics()
    async with db.batch_() as batch:
        batch.team.create_many(data=[{"name": "a"}, {"name": "b"}])
        batch.team.delete_many()
    after = await db.get_metrics()

    for key in ("prisma_client_queries_total", "prisma_client_queries_active"):
        grown = _value(after, key) - _value(before, key)
        assert grown == (2 if key.endswith("total") else 0)


async def test_waits(prisma: Any, url: str) -> None:
    """Whoever takes a connection is counted: who had to wait, with the time; transactions too."""
    key = "prisma_client_queries_wait_histogram_ms"
    async with prisma.Prisma(datasource={"url": f"{url}?connection_limit=1"}) as client:
        before = _value(await client.get_metrics(), key)
        async with client.tx():
            waiting = asyncio.create_task(client.team.count())
            async with asyncio.timeout(20):
                while not _value(await client.get_metrics(), "prisma_client_queries_wait"):  # noqa: ASYNC110  # nothing tells of it
                    await asyncio.sleep(0.01)
        await waiting
        await client.team.count()
        after = _value(await client.get_metrics(), key)

    assert after.count - before.count == 3
    assert after.sum > before.sum
    assert after.buckets[0].total_count - before.buckets[0].total_count == 2
    assert sum(bucket.total_count for bucket in after.buckets) == after.count


async def test_histograms_add_up(db: Any) -> None:
    """In JSON a duration is in one bucket, for Prometheus in all that are large enough for it."""
    await db.user.find_many()
    metrics = await db.get_metrics()
    text = await db.get_metrics(format="prometheus")
    for key in _HISTOGRAMS:
        histogram = _value(metrics, key)
        limits = [bucket.max_value for bucket in histogram.buckets]
        assert limits == [0, 1, 5, 10, 50, 100, 500, 1000, 5000, 50000]
        assert sum(bucket.total_count for bucket in histogram.buckets) == histogram.count > 0
        lines = re.findall(rf'^{key}_bucket{{le="(.+)"}} (\d+)$', text, re.MULTILINE)
        assert [limit for limit, _ in lines] == [*(f"{limit:g}" for limit in limits), "+Inf"]
        counts = [int(count) for _, count in lines]
        assert counts == sorted(counts)
        assert counts[-1] == int(re.findall(rf"^{key}_count (\d+)$", text, re.MULTILINE)[0])


def test_large_numbers_keep_their_digits() -> None:
    """A counter of many digits is written with all of them, and so is a long time."""
    durations = Histogram()
    durations.add(12345.6785)
    text = as_prometheus(
        {"prisma_client_queries_total": 123_456_789},
        {"prisma_client_queries_active": 3.0},
        {"prisma_client_queries_duration_histogram_ms": durations},
        {},
    )

    assert "prisma_client_queries_total 123456789\n" in text
    assert "prisma_client_queries_active 3\n" in text
    assert "_duration_histogram_ms_sum 12345678.5\n" in text


async def test_before_connect(prisma: Any, url: str) -> None:
    """A client that is not connected has no metrics."""
    with pytest.raises(prisma.errors.ClientNotConnectedError):
        await prisma.Prisma(datasource={"url": url}).get_metrics()
