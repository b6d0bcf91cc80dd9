"""FastAPI and Prisma Client Python on prisma-wasm, as an application of this project is written."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import APIRouter, FastAPI, HTTPException

from app.kit.collector import infrequent_collection
from app.kit.telemetry import telemetry
from bench.servers._client import Prisma
from bench.servers._client.bases import BaseUser, BaseWorkspace, BaseWorkspaceMember
from bench.servers._client.errors import ForeignKeyViolationError
from bench.servers.schemas import Cursor, IdInPath, NewWorkspace, Readiness, Take

db = Prisma(auto_register=True)
router = APIRouter()


class ShownUser(BaseUser):
    id: str
    email: str
    name: str | None
    createdAt: datetime


class ShownMember(BaseWorkspaceMember):
    role: str
    userId: str


class ShownWorkspace(BaseWorkspace):
    id: str
    name: str
    description: str | None
    ownerId: str
    createdAt: datetime


class OwnedWorkspace(ShownWorkspace):
    owner: ShownUser


class StaffedWorkspace(ShownWorkspace):
    members: list[ShownMember]


users, owned_workspaces = ShownUser.prisma(), OwnedWorkspace.prisma()
workspaces, staffed_workspaces = ShownWorkspace.prisma(), StaffedWorkspace.prisma()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    async with db:
        with infrequent_collection():
            yield


@router.get("/users/{id}")
async def read_user(id: IdInPath) -> ShownUser:  # noqa: A002  # the contract's name
    user = await users.find_unique(where={"id": id})
    if user is None:
        raise HTTPException(404, "There is no such user.")
    return user


@router.get("/workspaces/{id}")
async def read_workspace(id: IdInPath) -> OwnedWorkspace:  # noqa: A002  # the contract's name
    workspace = await owned_workspaces.find_unique(where={"id": id}, include={"owner": True})
    if workspace is None:
        raise HTTPException(404, "There is no such workspace.")
    return workspace


@router.get("/users/{id}/workspaces")
async def list_workspaces_of_user(id: IdInPath) -> list[StaffedWorkspace]:  # noqa: A002  # the contract's name
    return await staffed_workspaces.find_many(
        where={"ownerId": id}, include={"members": True}, order={"createdAt": "desc"}, take=20
    )


@router.get("/workspaces")
async def list_workspaces(take: Take = 50, cursor: Cursor = None) -> list[ShownWorkspace]:
    # By the last id and not by Prisma's `cursor`, as the service's own lists do.
    return await workspaces.find_many(
        where={"id": {"gt": cursor}} if cursor else None, order={"id": "asc"}, take=take
    )


@router.post("/workspaces", status_code=201)
async def create_workspace(body: NewWorkspace) -> ShownWorkspace:
    try:
        return await workspaces.create(
            {
                "name": body.name,
                "ownerId": body.ownerId,
                "members": {"create": [{"userId": body.ownerId, "role": "owner"}]},
            }
        )
    except ForeignKeyViolationError:
        raise HTTPException(404, "There is no such owner.") from None


@router.get("/ready")
async def ready() -> Readiness:
    await db.query_raw("SELECT 1")
    return Readiness()


TELEMETRY = telemetry(os.environ)

# As in app/main.py: the documentation's own routes come after these.
app = FastAPI(lifespan=lifespan, routes=router.routes, telemetry=TELEMETRY)
