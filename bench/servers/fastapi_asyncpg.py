"""FastAPI and asyncpg: one hand-written statement per request."""

import importlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import orjson
from fastapi import FastAPI, HTTPException

from bench.servers.schemas import (
    Cursor,
    IdInPath,
    NewWorkspace,
    Readiness,
    Take,
    UserResponse,
    WorkspaceResponse,
    WorkspaceWithMembers,
    WorkspaceWithOwner,
)
from bench.servers.sql import CREATE, PAGE, USER, USER_WORKSPACES, WORKSPACE

asyncpg: Any = importlib.import_module("asyncpg")  # asyncpg has no type hints
pool: Any = None


async def set_json_codec(connection: Any) -> None:
    await connection.set_type_codec(
        "json", schema="pg_catalog", encoder=orjson.dumps, decoder=orjson.loads
    )


async def skip_reset(_: Any) -> None:
    """Do nothing: no request changes the state of its database session."""


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    global pool
    pool = await asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=10, max_size=10, init=set_json_codec, reset=skip_reset
    )
    yield
    await pool.close()


app = FastAPI(lifespan=lifespan)


@app.get("/users/{id}", response_model=UserResponse)
async def read_user(id: IdInPath) -> dict[str, Any]:  # noqa: A002  # the contract's name
    row = await pool.fetchrow(USER, id)
    if row is None:
        raise HTTPException(404, "There is no such user.")
    return dict(row)


@app.get("/workspaces/{id}", response_model=WorkspaceWithOwner)
async def read_workspace(id: IdInPath) -> dict[str, Any]:  # noqa: A002  # the contract's name
    row = await pool.fetchrow(WORKSPACE, id)
    if row is None:
        raise HTTPException(404, "There is no such workspace.")
    workspace = dict(row)
    workspace["owner"] = {
        "id": workspace["ownerId"],
        "email": workspace.pop("email"),
        "name": workspace.pop("ownerName"),
        "createdAt": workspace.pop("ownerCreatedAt"),
    }
    return workspace


@app.get("/users/{id}/workspaces", response_model=list[WorkspaceWithMembers])
async def list_workspaces_of_user(id: IdInPath) -> list[dict[str, Any]]:  # noqa: A002  # the contract's name
    return [dict(row) for row in await pool.fetch(USER_WORKSPACES, id)]


@app.get("/workspaces", response_model=list[WorkspaceResponse])
async def list_workspaces(take: Take = 50, cursor: Cursor = None) -> list[dict[str, Any]]:
    return [dict(row) for row in await pool.fetch(PAGE, cursor or "", take)]


@app.post("/workspaces", response_model=WorkspaceResponse, status_code=201)
async def create_workspace(body: NewWorkspace) -> dict[str, Any]:
    try:
        row = await pool.fetchrow(CREATE, str(uuid4()), body.name, body.ownerId, str(uuid4()))
    except asyncpg.ForeignKeyViolationError:
        raise HTTPException(404, "There is no such owner.") from None
    return dict(row)


@app.get("/ready")
async def ready() -> Readiness:
    await pool.fetchval("SELECT 1")
    return Readiness()
