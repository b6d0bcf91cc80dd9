"""The application: its factory, lifespan and routes."""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from app import encryption
from app import settings as configuration
from app.access import endpoints as access_endpoints
from app.accounts import endpoints as accounts_endpoints
from app.auth import SessionCookies, Tokens
from app.conversations import endpoints as conversations_endpoints
from app.database.logs import log_database_events
from app.database.scope import ScopeMiddleware
from app.http import api_docs, problems
from app.http.bodies import BodyLimitMiddleware
from app.http.cors import cors_middleware
from app.http.description import describe
from app.http.headers import ResponseHeadersMiddleware
from app.http.json_limits import MAX_JSON_DEPTH, MAX_JSON_VALUES
from app.http.logs import limit_logged_paths
from app.http.telemetry import telemetry
from app.impersonation import endpoints as impersonation_endpoints
from app.impersonation import record_refusal
from app.imports import endpoints as imports_endpoints
from app.integrations import endpoints as integrations_endpoints
from app.invitations import endpoints as invitations_endpoints
from app.kit.errors import OperatorError
from app.kit.limits import CONNECTION_LIMITS, ConnectionLimits
from app.operations import background, health, metrics, readiness
from app.organizations import endpoints as organizations_endpoints
from app.phones import endpoints as phones_endpoints
from app.projects import endpoints as projects_endpoints
from app.server.collector import infrequent_collection
from app.settings import Settings
from app.tenants import auth_endpoints as tenant_auth_endpoints
from app.tenants import endpoints as tenants_endpoints
from app.whatsapp import endpoints as whatsapp_endpoints
from app.whatsapp import webhook_endpoints as whatsapp_webhook_endpoints
from app.workout_plans import endpoints as workout_plans_endpoints
from app.workspaces import endpoints as workspaces_endpoints

# Routes for operators, without a version.
_OPERATOR_ROUTES: tuple[BaseRoute, ...] = (
    *health.router.routes,
    *metrics.router.routes,
    *api_docs.index_router.routes,
)

# Each starts with the route that reads one.
_PLACES = (
    workspaces_endpoints.router.routes,
    organizations_endpoints.router.routes,
    projects_endpoints.router.routes,
)

# All routes, in the order in which they are matched. Included routers would be searched twice:
# FastAPI first finds the router, then the route.
ROUTES: tuple[BaseRoute, ...] = (
    # The reads of these come first, because they are requested most.
    *(routes[0] for routes in _PLACES),
    *(route for routes in _PLACES for route in routes[1:]),
    *invitations_endpoints.router.routes,
    *accounts_endpoints.router.routes,
    *access_endpoints.router.routes,
    *impersonation_endpoints.router.routes,
    *tenant_auth_endpoints.router.routes,
    *tenants_endpoints.router.routes,
    *workout_plans_endpoints.router.routes,
    *conversations_endpoints.router.routes,
    *integrations_endpoints.router.routes,
    *phones_endpoints.router.routes,
    *whatsapp_endpoints.router.routes,
    *whatsapp_webhook_endpoints.router.routes,
    *imports_endpoints.router.routes,
    *_OPERATOR_ROUTES,
)

# Routes that read no row of the database, and so are served whatever its state.
_OPEN_ROUTES: tuple[BaseRoute, ...] = (*_OPERATOR_ROUTES, *api_docs.docs_router.routes)


def create_app(settings: Settings) -> FastAPI:
    """Return the application with its routes, middleware and lifespan."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, object]]:
        async with readiness.database(settings), background.background_tasks(settings):
            with infrequent_collection():
                yield {CONNECTION_LIMITS: _connection_limits(settings)}

    app = FastAPI(
        title="Tenantry",
        version=version("tenantry"),
        description=api_docs.describe_api(_describe_limits(settings)),
        openapi_url=api_docs.OPENAPI_PATH if settings.serves_docs else None,
        docs_url=None,  # FastAPI's page loads its script from another server
        redoc_url=None,
        lifespan=lifespan,
        routes=[*ROUTES, *(api_docs.docs_router.routes if settings.serves_docs else ())],
        # A redirect would repeat the Host header, which the client chooses.
        redirect_slashes=False,
        telemetry=telemetry(os.environ),
    )
    app.state.settings = settings
    app.state.tokens = Tokens(settings)
    app.state.cookies = SessionCookies(settings)
    app.state.encryption = encryption.Encryption.of(settings)
    problems.install(app)
    health.install(app)
    encryption.install(app)
    app.add_middleware(
        BodyLimitMiddleware, seconds=settings.body_seconds, max_bytes=settings.max_body_bytes
    )
    app.add_middleware(health.ReadinessMiddleware, router=app.router, open_routes=_OPEN_ROUTES)
    app.add_middleware(ScopeMiddleware)
    app.add_middleware(metrics.MetricsMiddleware)
    _wrap_middleware_stack(app, settings)
    describe(app)
    return app


def _wrap_middleware_stack(app: FastAPI, settings: Settings) -> None:
    """Add what also concerns 500s and preflights, which middleware inside the stack never sees."""
    build = app.build_middleware_stack

    def build_and_wrap() -> ASGIApp:
        stack = build()
        if settings.cors_origins:
            stack = cors_middleware(stack, settings.cors_origins)
        # Outermost: preflights have the headers too.
        return ResponseHeadersMiddleware(stack, before_error=record_refusal)

    app.build_middleware_stack = build_and_wrap


def _describe_limits(settings: Settings) -> str:
    return (
        f"Bodies are JSON, encoded as UTF-8, with at most {settings.max_body_bytes} bytes, "
        f"{MAX_JSON_VALUES} values and {MAX_JSON_DEPTH} levels of nesting. A request line and "
        f"headers of more than {settings.max_head_bytes} bytes, or more than "
        f"{settings.max_headers} headers, are answered with 431 on any route; a URL of more than "
        f"{settings.max_url_bytes} bytes with 414."
    )


def _connection_limits(settings: Settings) -> ConnectionLimits:
    return ConnectionLimits(
        head_bytes=settings.max_head_bytes,
        headers=settings.max_headers,
        url_bytes=settings.max_url_bytes,
        connections=settings.max_connections,
        connections_per_peer=settings.max_connections_per_peer,
        trusted_proxies=settings.trusted_proxies,
        write_seconds=settings.write_seconds,
    )


def _settings_or_exit() -> Settings:
    """Return the settings, or exit with one line that names the wrong one."""
    try:
        return configuration.load()
    except OperatorError as error:
        raise SystemExit(f"tenantry: {error}") from None


def _log_to_stderr(settings: Settings) -> None:
    level = settings.log_level.upper()
    logging.basicConfig(level=level, format="%(levelname)s:     %(name)s: %(message)s")
    log_database_events(*settings.database_events)
    limit_logged_paths()


_settings = _settings_or_exit()
_log_to_stderr(_settings)
app = create_app(_settings)
