"""GET /health and GET /ready, and 503 for every other route while the service is not ready."""

from collections.abc import Awaitable, Collection
from typing import Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from prisma.errors import PrismaError
from pydantic import BaseModel
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.description import operation_id
from app.http.problems import Problem, problems, render
from app.operations import readiness

router = APIRouter(tags=["health"], generate_unique_id_function=operation_id)
_SOON = {"Retry-After": "1"}


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    status: Literal["ready"] = "ready"


@router.get("/health")
async def health() -> Health:
    """Answer that the process is alive, whatever the state of the database."""
    return Health()


@router.get("/ready", responses=problems(503))
async def ready() -> Readiness:
    """Answer whether the database responds and the service may use it safely.

    A result counts for a second, so a change may show that much later.
    """
    try:
        await readiness.check()
    except readiness.NotReady as reason:
        raise Problem(503, reason.code, reason.detail, headers=_SOON) from reason
    return Readiness()


class ReadinessMiddleware:
    """Answer 503 until the database is known to be safe, except on `open_routes`."""

    def __init__(self, app: ASGIApp, *, router: Router, open_routes: Collection[BaseRoute]) -> None:
        self._app = app
        self._router = router
        self._open_routes = open_routes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # No coroutine of its own: while the service is ready, a request pays for one comparison.
        if readiness.is_ready() or scope["type"] == "lifespan":
            return self._app(scope, receive, send)
        return self._check_first(scope, receive, send)

    async def _check_first(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer: ASGIApp = self._app
        if self._is_refused(scope):
            try:
                await readiness.ensure_ready()
            except readiness.NotReady as reason:
                answer = render(503, reason.code, reason.detail, headers=_SOON)
        await answer(scope, receive, send)

    def _is_refused(self, scope: Scope) -> bool:
        """Return whether a route that may read rows answers the request; unknown paths are 404s."""
        for route in self._router.routes:
            if route.matches(scope)[0] is not Match.NONE:
                # FastAPI adds routes of the plain class for the API's description alone.
                return route not in self._open_routes and type(route) is not Route
        return False


def install(app: FastAPI) -> None:
    """Answer 503 on any route whose query finds the database unreachable, busy or not migrated."""

    @app.exception_handler(PrismaError)
    async def _database_error(_: Request, error: PrismaError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        reason = readiness.translate_database_error(error)
        if reason is None:
            raise error
        return render(503, reason.code, reason.detail, headers=_SOON)
