"""Telemetry reports requests if OpenTelemetry is set up, and costs nothing otherwise."""

import subprocess
import sys

import pytest

from app.http.telemetry import telemetry
from app.settings import ROOT
from tests.fix_service import environment

OFF = {"tracing": False, "metrics": False, "logs": False}

# The arguments name what is set up before the application is imported.
PROGRAM = """
import asyncio, sys
import httpx
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans, reader, tracers = InMemorySpanExporter(), InMemoryMetricReader(), TracerProvider()
tracers.add_span_processor(SimpleSpanProcessor(spans))
if "spans" in sys.argv:
    trace.set_tracer_provider(tracers)
if "metrics" in sys.argv:
    metrics.set_meter_provider(MeterProvider([reader]))

from app.main import app

if "late" in sys.argv:
    trace.set_tracer_provider(tracers)

async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        assert (await client.get("/nothing")).status_code == 404

asyncio.run(ask())
reported = [span.name for span in spans.get_finished_spans()]
if "metrics" in sys.argv:
    (resource,) = reader.get_metrics_data().resource_metrics
    reported += sorted(metric.name for scope in resource.scope_metrics for metric in scope.metrics)
print(*reported)
"""


def reported(*words: str, **settings: str) -> str:
    pytest.importorskip("opentelemetry.sdk", reason="a development tool")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=ROOT,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nothing_is_set_up():
    """FastAPI does not look for a provider on each request."""
    assert telemetry({"OTHER": "1"}) == OFF


@pytest.mark.parametrize("name", ["OTEL_SERVICE_NAME", "FASTAPI_OTEL_AUTO_CONFIGURE"])
def test_set_up_by_settings(name: str):
    """A provider may be set later, as FastAPI does at startup."""
    assert telemetry({name: "x"}) == dict.fromkeys(OFF, True)


def test_a_span_provider_receives_spans():
    """A program sets it before it imports the application."""
    assert reported("spans") == "GET"


def test_a_metric_provider_alone_receives_metrics():
    """One kind of signal suffices."""
    assert reported("metrics") == "http.server.active_requests http.server.request.duration"


def test_a_provider_set_after_the_import():
    """It is used only if a setting announces it."""
    assert reported("late") == ""
    assert reported("late", OTEL_SERVICE_NAME="x") == "GET"
