"""The application: its factory, its lifespan, its routers."""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.routing import BaseRoute

from app import api_docs, background, cors, health, metrics, problems, readiness
from app import settings as configuration
from app.accounts import endpoints as accounts_endpoints
from app.auth.tokens import Tokens
from app.kit.bodies import MAX_BODY_BYTES, BodyLimitMiddleware
from app.kit.collector import infrequent_collection
from app.kit.description import describe
from app.kit.telemetry import telemetry
from app.scope import ScopeMiddleware
from app.settings import Settings, SettingsError
from app.workspaces import endpoints as workspaces_endpoints

# All routes, in the order in which they are looked through; those for operators have no version.
# They are not included as routers, which FastAPI looks through twice: to find the router, and then
# the route.
ROUTES: tuple[BaseRoute, ...] = (
    *workspaces_endpoints.router.routes,
    *accounts_endpoints.router.routes,
    *health.router.routes,
    *metrics.router.routes,
    *api_docs.index_router.routes,
)

# Routes that read no row of the database, and so are served whatever its state.
_OPEN_ROUTES: tuple[BaseRoute, ...] = (
    *health.router.routes,
    *metrics.router.routes,
    *api_docs.index_router.routes,
    *api_docs.docs_router.routes,
)


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with readiness.database(settings), background.background_tasks(settings):
            with infrequent_collection():
                yield

    app = FastAPI(
        title="Tenantry",
        version=version("tenantry"),
        description=api_docs.describe_api(MAX_BODY_BYTES),
        openapi_url=api_docs.OPENAPI_PATH if settings.serves_docs else None,
        docs_url=None,  # FastAPI's page loads its script from another server
        redoc_url=None,
        lifespan=lifespan,
        routes=[*ROUTES, *(api_docs.docs_router.routes if settings.serves_docs else ())],
        telemetry=telemetry(os.environ),
    )
    app.state.settings = settings
    app.state.tokens = Tokens(settings)
    problems.install(app)
    health.install(app)
    app.add_middleware(BodyLimitMiddleware, seconds=settings.body_seconds)
    app.add_middleware(health.ReadinessMiddleware, router=app.router, open_routes=_OPEN_ROUTES)
    app.add_middleware(ScopeMiddleware)
    app.add_middleware(metrics.MetricsMiddleware)
    cors.install(app, settings)
    describe(app)
    return app


def _settings_or_exit() -> Settings:
    """The settings; a wrong one ends the program with one line instead of a traceback."""
    try:
        return configuration.load()
    except SettingsError as error:
        raise SystemExit(f"tenantry: {error}") from None


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(levelname)s:     %(name)s: %(message)s")


_settings = _settings_or_exit()
_log_to_stderr(_settings.log_level)
app = create_app(_settings)
