"""What the FastAPI servers take and give: one set of pydantic models for all of them."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
IdInPath = Annotated[Id, Path()]
Take = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[Id | None, Query()]


class Shown(BaseModel):
    """An answer, made of a record of whichever library."""

    model_config = ConfigDict(from_attributes=True)


class ShownUser(Shown):
    id: str
    email: str
    name: str | None
    createdAt: datetime


class ShownWorkspace(Shown):
    id: str
    name: str
    description: str | None
    ownerId: str
    createdAt: datetime


class OwnedWorkspace(ShownWorkspace):
    owner: ShownUser


class ShownMember(Shown):
    role: str
    userId: str


class StaffedWorkspace(ShownWorkspace):
    members: list[ShownMember]


class NewWorkspace(BaseModel):
    """The body of a POST."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    ownerId: Id


class Readiness(BaseModel):
    status: Literal["ready"] = "ready"
