"""Workspaces: creating, listing, changing and deleting them."""

from prisma import Prisma
from prisma.actions import WorkspaceMemberActions
from prisma.enums import WorkspaceRole
from prisma.models import Workspace
from prisma.partials import OwnMembership, WorkspaceView
from prisma.types import WorkspaceUpdateInput

from app import audit
from app.auth import Caller
from app.auth.errors import not_signed_in
from app.database.scope import use_scope
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.tenancy import joined_after, lock_user
from app.workspaces.errors import too_many_workspaces, workspace_not_found
from app.workspaces.ids import new_workspace_id
from app.workspaces.schemas import MyWorkspace, WorkspaceChange
from app.workspaces.scope import WorkspaceScope
from app.workspaces.transactions import workspace_transaction

_LIST = "my workspaces"
_memberships = WorkspaceMemberActions(prisma, OwnMembership)


def workspace_view(workspace: Workspace | WorkspaceView, role: WorkspaceRole | str) -> MyWorkspace:
    """Return a workspace as a member with this role sees it."""
    return MyWorkspace.model_validate({**vars(workspace), "role": role})


async def create(caller: Caller, *, name: str, description: str | None, limit: int) -> MyWorkspace:
    """Create a workspace owned by the caller, who may own `limit` workspaces."""
    id_ = new_workspace_id()
    with use_scope(user=caller.user.id, workspace=id_):
        async with prisma.tx() as tx:
            if not await lock_user(tx, caller.user.id):
                raise not_signed_in()
            await require_ownership_quota(tx, caller.user.id, limit)
            workspace = await tx.workspace.create(
                {
                    "id": id_,
                    "name": name,
                    "description": description,
                    "ownerId": caller.user.id,
                    "createdById": caller.user.id,
                }
            )
            await audit.record(
                tx,
                "workspace.created",
                actor=caller.user.id,
                workspace=id_,
                subject=id_,
                name=name,
            )
    return workspace_view(workspace, WorkspaceRole.owner)


async def list_mine(caller: Caller, pages: PageRequest) -> Page[MyWorkspace]:
    """Return the caller's workspaces, in the order of joining."""
    rows = await _memberships.find_many(
        where={"userId": caller.user.id, **joined_after(pages.after_moment(_LIST))},
        include={"workspace": True},
        order=[{"joinedAt": "asc"}, {"id": "asc"}],
        take=pages.take + 1,
    )
    page = pages.page(_LIST, rows, moment=lambda member: member.joinedAt)
    # The workspace is read by a second query: it may have been deleted in between.
    items = [workspace_view(each.workspace, each.role) for each in page.items if each.workspace]
    return Page(items=items, nextCursor=page.nextCursor)


async def change(scope: WorkspaceScope, changed: WorkspaceChange) -> MyWorkspace:
    """Rename or describe a workspace; only its owner may let support staff impersonate."""
    min_role = WorkspaceRole.owner if "impersonationAllowed" in changed else WorkspaceRole.admin
    async with workspace_transaction(scope, min_role=min_role) as transaction:
        workspace = await transaction.tx.workspace.update(
            where={"id": scope.id}, data=WorkspaceUpdateInput(**changed)
        )
        if workspace is None:
            raise workspace_not_found()
        if changed:
            await transaction.record("workspace.changed", subject=scope.id, **changed)
    return workspace_view(workspace, transaction.role)


async def delete(scope: WorkspaceScope) -> None:
    """Delete a workspace with everything in it, except its audit trail."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.owner) as transaction:
        await transaction.record(
            "workspace.deleted", subject=scope.id, name=transaction.scope.workspace.name
        )
        await transaction.tx.workspace.delete_many(where={"id": scope.id})


async def require_ownership_quota(tx: Prisma, owner: str, limit: int) -> None:
    """Raise 409 if the caller, whose row is locked, already owns `limit` workspaces."""
    if await tx.workspace.count(where={"ownerId": owner}) >= limit:
        raise too_many_workspaces(limit)
