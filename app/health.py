"""Is the process alive, can it serve?"""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from app import db
from app.problems import Problem, problems

router = APIRouter(tags=["health"])


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
        raise Problem(503, reason.code, reason.detail, headers={"Retry-After": "1"}) from reason
    return Readiness()
