"""Our server with one thing done otherwise: applications for `uvicorn --factory`."""

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


def _peer(
    *handlers: Callable[..., Any],
    lifespan: Lifespan = peer.lifespan,
    telemetry: TelemetryConfig | None = peer.TELEMETRY,
    **of_routes: Any,
) -> FastAPI:
    """Our server made anew, with these handlers in the place of those with their names."""
    others = {handler.__name__: handler for handler in handlers}
    router = APIRouter(**of_routes)
    for route in peer.router.routes:
        if isinstance(route, APIRoute):
            router.add_api_route(
                route.path,
                others.pop(route.name, route.endpoint),
                methods=sorted(route.methods or ()),
                status_code=route.status_code,
            )
    if others:
        raise LookupError(f"Our server has no handler {', '.join(others)}.")
    return FastAPI(lifespan=lifespan, routes=router.routes, telemetry=telemetry)


def same() -> FastAPI:
    """What differs in nothing, but for how it is made."""
    return _peer()


def response_models() -> FastAPI:
    """The client's whole models, of which other models are made for the answers."""

    async def read_user(id: IdInPath) -> schemas.ShownUser:  # noqa: A002  # the contract's name
        user = await peer.db.user.find_unique(where={"id": id})
        if user is None:
            raise HTTPException(404, "There is no such user.")
        return schemas.ShownUser.model_validate(user)

    async def list_workspaces_of_user(id: IdInPath) -> list[schemas.StaffedWorkspace]:  # noqa: A002  # the contract's name
        found = await peer.db.workspace.find_many(
            where={"ownerId": id}, include={"members": True}, order={"createdAt": "desc"}, take=20
        )
        return [schemas.StaffedWorkspace.model_validate(each) for each in found]

    async def list_workspaces(
        take: Take = 50, cursor: Cursor = None
    ) -> list[schemas.ShownWorkspace]:
        found = await peer.db.workspace.find_many(
            where={"id": {"gt": cursor}} if cursor else None, order={"id": "asc"}, take=take
        )
        return [schemas.ShownWorkspace.model_validate(each) for each in found]

    return _peer(read_user, list_workspaces_of_user, list_workspaces)


def async_dependency() -> FastAPI:
    """Every route depends on a coroutine that awaits nothing."""

    async def nothing() -> None: ...

    return _peer(dependencies=[Depends(nothing)])


def plain_dependency() -> FastAPI:
    """Every route depends on a plain function, which FastAPI hands to a thread."""

    def nothing() -> None: ...

    return _peer(dependencies=[Depends(nothing)])


def python_collector() -> FastAPI:
    """The garbage collector as Python sets it."""
    thresholds = gc.get_threshold()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with peer.lifespan(app):
            gc.set_threshold(*thresholds)
            gc.unfreeze()
            yield

    return _peer(lifespan=lifespan)


def orjson_responses() -> FastAPI:
    """A response class of orjson."""
    return _peer(default_response_class=OrjsonResponse)


def telemetry_on() -> FastAPI:
    """FastAPI looks for a provider of telemetry at each request."""
    return _peer(telemetry=None)


def documentation_first() -> FastAPI:
    """The documentation's routes are tried first, as where others are added one by one."""
    app = _peer()
    app.router.routes.sort(key=lambda route: isinstance(route, APIRoute))
    return app


def cursor_pages() -> FastAPI:
    """Pages by Prisma's cursor."""

    async def list_workspaces(take: Take = 50, cursor: Cursor = None) -> list[peer.ShownWorkspace]:
        if cursor is None:
            return await peer.workspaces.find_many(order={"id": "asc"}, take=take)
        return await peer.workspaces.find_many(
            cursor={"id": cursor}, skip=1, order={"id": "asc"}, take=take
        )

    return _peer(list_workspaces)
