"""FastAPI and Prisma Client Python on prisma-wasm, as a user of both writes it."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import FastAPI, HTTPException

from bench.servers._client import Prisma
from bench.servers._client.bases import BaseUser, BaseWorkspace, BaseWorkspaceMember
from bench.servers._client.errors import ForeignKeyViolationError
from bench.servers.schemas import Cursor, IdInPath, NewWorkspace, Readiness, Take

db = Prisma(auto_register=True)


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
    await db.connect()
    # As docs/performance.md says: what is loaded stays, and the collector looks at the rest rarely.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)
    yield
    await db.disconnect()


app = FastAPI(lifespan=lifespan)


@app.get("/users/{id}")
async def read_user(id: IdInPath) -> ShownUser:  # noqa: A002  # the contract's name
    user = await users.find_unique(where={"id": id})
    if user is None:
        raise HTTPException(404, "There is no such user.")
    return user


@app.get("/workspaces/{id}")
async def read_workspace(id: IdInPath) -> OwnedWorkspace:  # noqa: A002  # the contract's name
    workspace = await owned_workspaces.find_unique(where={"id": id}, include={"owner": True})
    if workspace is None:
        raise HTTPException(404, "There is no such workspace.")
    return workspace


@app.get("/users/{id}/workspaces")
async def list_workspaces_of_user(id: IdInPath) -> list[StaffedWorkspace]:  # noqa: A002  # the contract's name
    return await staffed_workspaces.find_many(
        where={"ownerId": id}, include={"members": True}, order={"createdAt": "desc"}, take=20
    )


@app.get("/workspaces")
async def list_workspaces(take: Take = 50, cursor: Cursor = None) -> list[ShownWorkspace]:
    # By the last id and not by Prisma's `cursor`, as the service's own lists do.
    return await workspaces.find_many(
        where={"id": {"gt": cursor}} if cursor else None, order={"id": "asc"}, take=take
    )


@app.post("/workspaces", status_code=201)
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


@app.get("/ready")
async def ready() -> Readiness:
    await db.query_raw("SELECT 1")
    return Readiness()
