"""The request and response models that all FastAPI servers share."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
IdInPath = Annotated[Id, Path()]
Take = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[Id | None, Query()]


class Response(BaseModel):
    """A response model, validated from a record of any of the libraries."""

    model_config = ConfigDict(from_attributes=True)


class UserResponse(Response):
    id: str
    email: str
    name: str | None
    createdAt: datetime


class WorkspaceResponse(Response):
    id: str
    name: str
    description: str | None
    ownerId: str
    createdAt: datetime


class WorkspaceWithOwner(WorkspaceResponse):
    owner: UserResponse


class MemberResponse(Response):
    role: str
    userId: str


class WorkspaceWithMembers(WorkspaceResponse):
    members: list[MemberResponse]


class NewWorkspace(BaseModel):
    """The body of POST /workspaces."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    ownerId: Id


class Readiness(BaseModel):
    status: Literal["ready"] = "ready"
