"""The service with one more route: a bare read of a workspace.

It has no authentication, scope, role or policies, but reads the same columns and passes through the
same middleware as the service's own routes.
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
service_lifespan = app.router.lifespan_context
owner = Prisma(use_dotenv=False, datasource={"url": os.environ["DATABASE_URL"]})
workspaces = WorkspaceActions(owner, WorkspaceView)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with service_lifespan(app), owner:
        yield


@app.get("/bare/workspaces/{id}")
async def read_workspace(id: str) -> MyWorkspace:  # noqa: A002  # as in the other servers
    workspace = await workspaces.find_unique(where={"id": id})
    if workspace is None:
        raise workspace_not_found()
    return rules.workspace_view(workspace, WorkspaceRole.member)


app.router.lifespan_context = lifespan
app.router.routes.insert(0, app.router.routes.pop())  # matched before all others
