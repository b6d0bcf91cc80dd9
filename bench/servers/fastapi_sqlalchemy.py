"""FastAPI and SQLAlchemy 2: its asynchronous ORM on asyncpg, with one session per request."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, ClassVar
from uuid import uuid4

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import ForeignKey, func, select, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)

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

Key = Annotated[str, mapped_column(primary_key=True, default=lambda: str(uuid4()))]
Timestamp = Annotated[datetime, mapped_column(TIMESTAMP(precision=3), server_default=func.now())]


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "User"

    id: Mapped[Key]
    email: Mapped[str]
    name: Mapped[str | None]
    createdAt: Mapped[Timestamp]


class Workspace(Base):
    __tablename__ = "Workspace"
    __mapper_args__: ClassVar = {"eager_defaults": True}

    id: Mapped[Key]
    name: Mapped[str]
    description: Mapped[str | None]
    ownerId: Mapped[str] = mapped_column(ForeignKey("User.id", ondelete="CASCADE"))
    createdAt: Mapped[Timestamp]
    owner: Mapped[User] = relationship()
    members: Mapped[list["WorkspaceMember"]] = relationship(passive_deletes=True)


class WorkspaceMember(Base):
    __tablename__ = "WorkspaceMember"

    id: Mapped[Key]
    workspaceId: Mapped[str] = mapped_column(ForeignKey("Workspace.id", ondelete="CASCADE"))
    userId: Mapped[str] = mapped_column(ForeignKey("User.id", ondelete="CASCADE"))
    role: Mapped[str]
    joinedAt: Mapped[Timestamp]


engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1),
    pool_size=10,
    max_overflow=0,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)


async def open_session() -> AsyncGenerator[AsyncSession]:
    async with sessions() as session:
        yield session


RequestSession = Annotated[AsyncSession, Depends(open_session)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/users/{id}", response_model=UserResponse)
async def read_user(id: IdInPath, session: RequestSession) -> User:  # noqa: A002  # the contract's name
    user = await session.get(User, id)
    if user is None:
        raise HTTPException(404, "There is no such user.")
    return user


@app.get("/workspaces/{id}", response_model=WorkspaceWithOwner)
async def read_workspace(id: IdInPath, session: RequestSession) -> Workspace:  # noqa: A002  # the contract's name
    workspace = await session.get(Workspace, id, options=[joinedload(Workspace.owner)])
    if workspace is None:
        raise HTTPException(404, "There is no such workspace.")
    return workspace


@app.get("/users/{id}/workspaces", response_model=list[WorkspaceWithMembers])
async def list_workspaces_of_user(id: IdInPath, session: RequestSession) -> Sequence[Workspace]:  # noqa: A002  # the contract's name
    members = selectinload(Workspace.members).load_only(
        WorkspaceMember.role, WorkspaceMember.userId
    )
    found = await session.scalars(
        select(Workspace)
        .where(Workspace.ownerId == id)
        .options(members)
        .order_by(Workspace.createdAt.desc())
        .limit(20)
    )
    return found.all()


@app.get("/workspaces", response_model=list[WorkspaceResponse])
async def list_workspaces(
    session: RequestSession, take: Take = 50, cursor: Cursor = None
) -> Sequence[Workspace]:
    page = select(Workspace).order_by(Workspace.id).limit(take)
    if cursor is not None:
        page = page.where(Workspace.id > cursor)
    return (await session.scalars(page)).all()


@app.post("/workspaces", response_model=WorkspaceResponse, status_code=201)
async def create_workspace(body: NewWorkspace, session: RequestSession) -> Workspace:
    owner = WorkspaceMember(userId=body.ownerId, role="owner")
    workspace = Workspace(name=body.name, ownerId=body.ownerId, members=[owner])
    session.add(workspace)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(404, "There is no such owner.") from None
    return workspace


@app.get("/ready")
async def ready(session: RequestSession) -> Readiness:
    await session.execute(text("SELECT 1"))
    return Readiness()
