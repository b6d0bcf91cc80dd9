"""FastAPI's telemetry, where there is somebody to tell."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

_SETTINGS = ("OTEL_", "FASTAPI_OTEL_")
# OpenTelemetry's interface, and who gives what is there for each kind of signal.
_PROVIDERS = {
    "opentelemetry.trace": "get_tracer_provider",
    "opentelemetry.metrics": "get_meter_provider",
    "opentelemetry._logs": "get_logger_provider",
}


def telemetry(environment: Mapping[str, str]) -> TelemetryConfig:
    """On where OpenTelemetry is set up by now: by its settings, or by a provider.

    Else FastAPI would look for one at each request, for some hundredths of its time.
    """
    is_on = any(name.startswith(_SETTINGS) for name in environment) or _has_provider()
    return {"tracing": is_on, "metrics": is_on, "logs": is_on}


def _has_provider() -> bool:
    given = [
        getattr(sys.modules[name], get)() for name, get in _PROVIDERS.items() if name in sys.modules
    ]
    # The interface's own classes stand for one that is not there.
    own = tuple(f"{name}." for name in _PROVIDERS)
    return any(not f"{type(each).__module__}.".startswith(own) for each in given)
