"""The service with one route more: a workspace without sign-in, scope, role and policies.

It reads the columns that the service reads, and what surrounds all routes surrounds it too.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from prisma import Prisma
from prisma.actions import WorkspaceActions
from prisma.enums import WorkspaceRole
from prisma.partials import WorkspaceView

from app.main import create_app
from app.settings import load
from app.workspaces import rules
from app.workspaces.errors import workspace_not_found
from app.workspaces.schemas import MyWorkspace

settings = load()
app = create_app(settings)
served = app.router.lifespan_context
plain = Prisma(use_dotenv=False, datasource={"url": os.environ["DATABASE_URL"]})
workspaces = WorkspaceActions(plain, WorkspaceView)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with served(app), plain:
        yield


@app.get("/bare/workspaces/{id}")
async def read_workspace(id: str) -> MyWorkspace:  # noqa: A002  # as in the other servers
    workspace = await workspaces.find_unique(where={"id": id})
    if workspace is None:
        raise workspace_not_found()
    return rules.workspace_view(workspace, WorkspaceRole.member)


app.router.lifespan_context = lifespan
app.router.routes.insert(0, app.router.routes.pop())  # so that no other is tried before it
