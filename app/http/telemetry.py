"""FastAPI's telemetry, if OpenTelemetry is set up."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

_SETTINGS = ("OTEL_", "FASTAPI_OTEL_")
# For each kind of signal, OpenTelemetry's API module and its function that returns the provider.
_PROVIDERS = {
    "opentelemetry.trace": "get_tracer_provider",
    "opentelemetry.metrics": "get_meter_provider",
    "opentelemetry._logs": "get_logger_provider",
}


def telemetry(environment: Mapping[str, str]) -> TelemetryConfig:
    """Return FastAPI's configuration: on if OpenTelemetry has settings or a provider by now.

    Otherwise FastAPI would look for a provider on each request, which costs a few percent.
    """
    is_on = any(name.startswith(_SETTINGS) for name in environment) or _has_provider()
    return {"tracing": is_on, "metrics": is_on, "logs": is_on}


def _has_provider() -> bool:
    providers = [
        getattr(sys.modules[name], get)() for name, get in _PROVIDERS.items() if name in sys.modules
    ]
    # Without a provider the API returns a placeholder of its own.
    placeholders = tuple(f"{name}." for name in _PROVIDERS)
    return any(not f"{type(each).__module__}.".startswith(placeholders) for each in providers)
