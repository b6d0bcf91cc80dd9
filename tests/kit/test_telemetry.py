"""Requests are told of where OpenTelemetry is set up, and cost nothing of it elsewhere."""

import subprocess
import sys

import pytest

from app.kit.telemetry import telemetry
from app.settings import ROOT
from tests.fix_service import environment

OFF = {"tracing": False, "metrics": False, "logs": False}

# What it was given as an argument is set up before the application is made.
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
told = [span.name for span in spans.get_finished_spans()]
if "metrics" in sys.argv:
    (of_resource,) = reader.get_metrics_data().resource_metrics
    told += sorted(metric.name for scope in of_resource.scope_metrics for metric in scope.metrics)
print(*told)
"""


def told(*words: str, **settings: str) -> str:
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
    """FastAPI does not look for a provider at each request."""
    assert telemetry({"OTHER": "1"}) == OFF


@pytest.mark.parametrize("name", ["OTEL_SERVICE_NAME", "FASTAPI_OTEL_AUTO_CONFIGURE"])
def test_set_up_by_settings(name: str):
    """A provider may come later then, as FastAPI's own at the start."""
    assert telemetry({name: "x"}) == dict.fromkeys(OFF, True)


def test_a_provider_of_spans_gets_them():
    """As in a program that sets one before it imports the application."""
    assert told("spans") == "GET"


def test_a_provider_of_metrics_alone_gets_them():
    """Any kind of signal turns them on."""
    assert told("metrics") == "http.server.active_requests http.server.request.duration"


def test_a_provider_that_comes_later():
    """It is too late without a setting, and not with one."""
    assert told("late") == ""
    assert told("late", OTEL_SERVICE_NAME="x") == "GET"
