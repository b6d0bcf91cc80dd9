"""GET /metrics in Prometheus' text format: requests by route, the process, the queries."""

import time
from contextlib import suppress
from secrets import compare_digest

from fastapi import APIRouter, HTTPException, Request, Response
from prisma.errors import PrismaError
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import prisma
from app.http.requests import parse_address
from app.settings import Settings

router = APIRouter()
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_FORWARDED = ("forwarded", "via", "x-forwarded-", "x-real-ip")

# By route, not by path: no tenant appears, and strangers cannot create series.
_requests = Histogram(
    "http_request_duration_seconds",
    "Requests, and how long they took until their responses were handed to the server",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


class MetricsMiddleware:
    """Counts every request that reaches the application, with its duration."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._series: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500  # unless a response starts

        async def send_and_note(message: Message) -> None:
            nonlocal status
            await send(message)
            if message["type"] == "http.response.start":
                status = message["status"]

        started = time.perf_counter()
        try:
            await self.app(scope, receive, send_and_note)
        finally:
            self._count(scope, status, time.perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "other")
        key = method, route, status
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _requests.labels(*key)
        series.observe(seconds)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Return the metrics to holders of the token, in development without one to this machine.

    To everybody else the path does not exist.
    """
    settings: Settings = request.app.state.settings
    if not _may_read(request, settings):
        raise HTTPException(404)
    text = generate_latest()
    with suppress(PrismaError):  # the client has not connected yet
        text += (await prisma.get_metrics(format="prometheus")).encode()
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _may_read(request: Request, settings: Settings) -> bool:
    if settings.metrics_token is not None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = settings.metrics_token.get_secret_value()
        # The framework decodes headers as Latin-1.
        given_bytes, wanted_bytes = given.encode("latin-1"), wanted.encode()
        return scheme.lower() == "bearer" and compare_digest(given_bytes, wanted_bytes)
    # A proxy on this machine forwards other people's requests. Not every proxy adds a header: in
    # production the token is required.
    if any(name.startswith(_FORWARDED) for name in request.headers):
        return False
    # A browser on this machine sends the requests of any page, under a name that its site chose.
    if not _is_loopback(_host_name(request.headers.get("host", ""))):
        return False
    address = parse_address(request.client.host if request.client else "")
    return settings.development and address is not None and address.is_loopback


def _host_name(host: str) -> str:
    """Return the name or address in a Host header, without its port."""
    return host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]


def _is_loopback(name: str) -> bool:
    address = parse_address(name)
    return name.lower() == "localhost" if address is None else address.is_loopback
