"""Variants of our server that differ in one thing: applications for `uvicorn --factory`."""

import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig

from bench.servers import fastapi_prisma as peer
from bench.servers import schemas
from bench.servers.schemas import Cursor, IdInPath, Take

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class OrjsonResponse(JSONResponse):
    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def _build(
    *handlers: Callable[..., Any],
    lifespan: Lifespan = peer.lifespan,
    telemetry: TelemetryConfig | None = peer.TELEMETRY,
    **router_options: Any,
) -> FastAPI:
    """Build our server with these handlers in place of those of the same names."""
    replacements = {handler.__name__: handler for handler in handlers}
    router = APIRouter(**router_options)
    for route in peer.router.routes:
        if isinstance(route, APIRoute):
            router.add_api_route(
                route.path,
                replacements.pop(route.name, route.endpoint),
                methods=sorted(route.methods or ()),
                status_code=route.status_code,
            )
    if replacements:
        raise LookupError(f"Our server has no handler {', '.join(replacements)}.")
    return FastAPI(lifespan=lifespan, routes=router.routes, telemetry=telemetry)


def unchanged() -> FastAPI:
    """Return our server unchanged, but built in the same way as the variants."""
    return _build()


def response_models() -> FastAPI:
    """Query the client's full models, and convert them to response models."""

    async def read_user(id: IdInPath) -> schemas.UserResponse:  # noqa: A002  # the contract's name
        user = await peer.db.user.find_unique(where={"id": id})
        if user is None:
            raise HTTPException(404, "There is no such user.")
        return schemas.UserResponse.model_validate(user)

    async def list_workspaces_of_user(id: IdInPath) -> list[schemas.WorkspaceWithMembers]:  # noqa: A002  # the contract's name
        found = await peer.db.workspace.find_many(
            where={"ownerId": id}, include={"members": True}, order={"createdAt": "desc"}, take=20
        )
        return [schemas.WorkspaceWithMembers.model_validate(each) for each in found]

    async def list_workspaces(
        take: Take = 50, cursor: Cursor = None
    ) -> list[schemas.WorkspaceResponse]:
        found = await peer.db.workspace.find_many(
            where={"id": {"gt": cursor}} if cursor else None, order={"id": "asc"}, take=take
        )
        return [schemas.WorkspaceResponse.model_validate(each) for each in found]

    return _build(read_user, list_workspaces_of_user, list_workspaces)


def async_dependency() -> FastAPI:
    """Add an `async def` dependency that awaits nothing to every route."""

    async def nothing() -> None: ...

    return _build(dependencies=[Depends(nothing)])


def plain_dependency() -> FastAPI:
    """Add a plain `def` dependency, which FastAPI runs in a thread, to every route."""

    def nothing() -> None: ...

    return _build(dependencies=[Depends(nothing)])


def python_collector() -> FastAPI:
    """Use Python's default garbage collection."""
    thresholds = gc.get_threshold()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with peer.lifespan(app):
            gc.set_threshold(*thresholds)
            gc.unfreeze()
            yield

    return _build(lifespan=lifespan)


def orjson_responses() -> FastAPI:
    """Respond with a response class of orjson."""
    return _build(default_response_class=OrjsonResponse)


def telemetry_on() -> FastAPI:
    """Let FastAPI look for a telemetry provider on each request."""
    return _build(telemetry=None)


def documentation_first() -> FastAPI:
    """Match the documentation's routes first, as when routes are added one by one."""
    app = _build()
    app.router.routes.sort(key=lambda route: isinstance(route, APIRoute))
    return app


def cursor_pages() -> FastAPI:
    """Page by Prisma's `cursor` and `skip`."""

    async def list_workspaces(
        take: Take = 50, cursor: Cursor = None
    ) -> list[peer.WorkspaceResponse]:
        if cursor is None:
            return await peer.workspaces.find_many(order={"id": "asc"}, take=take)
        return await peer.workspaces.find_many(
            cursor={"id": cursor}, skip=1, order={"id": "asc"}, take=take
        )

    return _build(list_workspaces)
