"""The application: its factory, its lifespan, its routers."""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.routing import BaseRoute

from app import audit, auth, background, db, health, mail, metrics, problems, workspaces
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
)

# Without row-level security on these the service is not ready.
PROTECTED = (*auth.TABLES, *workspaces.TABLES, *audit.TABLES, *mail.TABLES)


def create_app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await db.connect(settings, protected=PROTECTED)
        try:
            async with background.background_tasks(settings):
                with infrequent_collection():
                    yield
        finally:
            await db.disconnect()

    app = FastAPI(
        title="Tenantry",
        version=version("tenantry"),
        description=f"Bodies are JSON of {MAX_BODY_BYTES} bytes at most.",
        lifespan=lifespan,
        routes=list(ROUTES),
        telemetry=telemetry(os.environ),
    )
    app.state.settings = settings
    app.state.tokens = Tokens(settings)
    problems.install(app)
    health.install(app)
    app.add_middleware(BodyLimitMiddleware, seconds=settings.body_seconds)
    app.add_middleware(ScopeMiddleware)
    app.add_middleware(metrics.MetricsMiddleware)
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
