"""FastAPI and Prisma Client Python on prisma-wasm, written as this project's applications are."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import APIRouter, FastAPI, HTTPException

from app.http.telemetry import telemetry
from app.server.collector import infrequent_collection
from bench.servers._client import Prisma
from bench.servers._client.bases import BaseUser, BaseWorkspace, BaseWorkspaceMember
from bench.servers._client.errors import ForeignKeyViolationError
from bench.servers.schemas import Cursor, IdInPath, NewWorkspace, Readiness, Take

db = Prisma(auto_register=True)
router = APIRouter()


class UserResponse(BaseUser):
    id: str
    email: str
    name: str | None
    createdAt: datetime


class MemberResponse(BaseWorkspaceMember):
    role: str
    userId: str


class WorkspaceResponse(BaseWorkspace):
    id: str
    name: str
    description: str | None
    ownerId: str
    createdAt: datetime


class WorkspaceWithOwner(WorkspaceResponse):
    owner: UserResponse


class WorkspaceWithMembers(WorkspaceResponse):
    members: list[MemberResponse]


users, workspaces_with_owner = UserResponse.prisma(), WorkspaceWithOwner.prisma()
workspaces, workspaces_with_members = WorkspaceResponse.prisma(), WorkspaceWithMembers.prisma()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    async with db:
        with infrequent_collection():
            yield


@router.get("/users/{id}")
async def read_user(id: IdInPath) -> UserResponse:  # noqa: A002  # the contract's name
    user = await users.find_unique(where={"id": id})
    if user is None:
        raise HTTPException(404, "There is no such user.")
    return user


@router.get("/workspaces/{id}")
async def read_workspace(id: IdInPath) -> WorkspaceWithOwner:  # noqa: A002  # the contract's name
    workspace = await workspaces_with_owner.find_unique(where={"id": id}, include={"owner": True})
    if workspace is None:
        raise HTTPException(404, "There is no such workspace.")
    return workspace


@router.get("/users/{id}/workspaces")
async def list_workspaces_of_user(id: IdInPath) -> list[WorkspaceWithMembers]:  # noqa: A002  # the contract's name
    return await workspaces_with_members.find_many(
        where={"ownerId": id}, include={"members": True}, order={"createdAt": "desc"}, take=20
    )


@router.get("/workspaces")
async def list_workspaces(take: Take = 50, cursor: Cursor = None) -> list[WorkspaceResponse]:
    # A filter by the last id instead of Prisma's `cursor`, as in the service's own lists.
    return await workspaces.find_many(
        where={"id": {"gt": cursor}} if cursor else None, order={"id": "asc"}, take=take
    )


@router.post("/workspaces", status_code=201)
async def create_workspace(body: NewWorkspace) -> WorkspaceResponse:
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

# As in app/main.py, the documentation's routes come last.
app = FastAPI(lifespan=lifespan, routes=router.routes, telemetry=TELEMETRY)
