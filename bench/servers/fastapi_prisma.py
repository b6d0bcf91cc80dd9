"""FastAPI and Prisma Client Python on prisma-wasm, as a user of both writes it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException

from bench.servers._client import Prisma
from bench.servers._client.errors import ForeignKeyViolationError
from bench.servers._client.models import User, Workspace
from bench.servers.schemas import (
    Cursor,
    IdInPath,
    NewWorkspace,
    OwnedWorkspace,
    Readiness,
    ShownUser,
    ShownWorkspace,
    StaffedWorkspace,
    Take,
)

db = Prisma()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    await db.connect()
    yield
    await db.disconnect()


app = FastAPI(lifespan=lifespan)


@app.get("/users/{id}", response_model=ShownUser)
async def read_user(id: IdInPath) -> User:  # noqa: A002  # the contract's name
    user = await db.user.find_unique(where={"id": id})
    if user is None:
        raise HTTPException(404, "There is no such user.")
    return user


@app.get("/workspaces/{id}", response_model=OwnedWorkspace)
async def read_workspace(id: IdInPath) -> Workspace:  # noqa: A002  # the contract's name
    workspace = await db.workspace.find_unique(where={"id": id}, include={"owner": True})
    if workspace is None:
        raise HTTPException(404, "There is no such workspace.")
    return workspace


@app.get("/users/{id}/workspaces", response_model=list[StaffedWorkspace])
async def list_workspaces_of_user(id: IdInPath) -> Sequence[Workspace]:  # noqa: A002  # the contract's name
    return await db.workspace.find_many(
        where={"ownerId": id}, include={"members": True}, order={"createdAt": "desc"}, take=20
    )


@app.get("/workspaces", response_model=list[ShownWorkspace])
async def list_workspaces(take: Take = 50, cursor: Cursor = None) -> Sequence[Workspace]:
    return await db.workspace.find_many(
        where={"id": {"gt": cursor}} if cursor else None, order={"id": "asc"}, take=take
    )


@app.post("/workspaces", response_model=ShownWorkspace, status_code=201)
async def create_workspace(body: NewWorkspace) -> Workspace:
    try:
        return await db.workspace.create(
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
