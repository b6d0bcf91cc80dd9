"""Is the process alive, can it serve?"""

from typing import Literal

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from prisma.errors import PrismaError
from pydantic import BaseModel

from app import db
from app.kit.description import operation_id
from app.problems import Problem, problems, render

router = APIRouter(tags=["health"], generate_unique_id_function=operation_id)
_SOON = {"Retry-After": "1"}


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    status: Literal["ready"] = "ready"


@router.get("/health")
async def health() -> Health:
    """The process answers; says nothing about the database."""
    return Health()


@router.get("/ready", responses=problems(503))
async def ready() -> Readiness:
    """The database answers through the Prisma client, and the service may use it safely."""
    try:
        await db.ready()
    except db.NotReady as reason:
        raise Problem(503, reason.code, reason.detail, headers=_SOON) from reason
    return Readiness()


def install(app: FastAPI) -> None:
    """Any route answers 503 while the database is away, busy or not migrated."""

    @app.exception_handler(PrismaError)
    async def _database_error(_: Request, error: PrismaError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        reason = db.translate_database_error(error)
        if reason is None:
            raise error
        return render(503, reason.code, reason.detail, headers=_SOON)
