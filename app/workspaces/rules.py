"""What happens to workspaces, and to whom they belong."""

from prisma import Prisma
from prisma.actions import WorkspaceMemberActions
from prisma.enums import WorkspaceRole
from prisma.models import Workspace
from prisma.partials import OwnMembership, WorkspaceView
from prisma.types import WorkspaceUpdateInput

from app import audit
from app.auth import Caller
from app.db import prisma
from app.kit.pages import Page, PageRequest
from app.scope import use_scope
from app.workspaces.errors import (
    already_owner,
    member_not_found,
    too_many_workspaces,
    workspace_not_found,
)
from app.workspaces.ids import new_workspace_id
from app.workspaces.membership import joined_after, role_in
from app.workspaces.schemas import MyWorkspace, WorkspaceChange
from app.workspaces.scope import WorkspaceScope
from app.workspaces.transactions import workspace_transaction

_LIST = "my workspaces"
_memberships = WorkspaceMemberActions(prisma, OwnMembership)


def workspace_view(workspace: Workspace | WorkspaceView, role: WorkspaceRole | str) -> MyWorkspace:
    """A workspace as one of its members sees it."""
    return MyWorkspace.model_validate({**vars(workspace), "role": role})


async def create(caller: Caller, *, name: str, description: str | None, most: int) -> MyWorkspace:
    """Make a workspace that the caller owns, who may own so many at most."""
    id_ = new_workspace_id()
    with use_scope(user=caller.user.id, workspace=id_):
        async with prisma.tx() as tx:
            await _require_room(tx, caller.user.id, most)
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
                details={"name": name},
            )
    return workspace_view(workspace, WorkspaceRole.owner)


async def list_mine(caller: Caller, pages: PageRequest) -> Page[MyWorkspace]:
    """The workspaces that the caller is a member of, in the order of joining."""
    rows = await _memberships.find_many(
        where={"userId": caller.user.id, **joined_after(pages.after_moment(_LIST))},
        include={"workspace": True},
        order=[{"joinedAt": "asc"}, {"id": "asc"}],
        take=pages.take + 1,
    )
    page = pages.page(_LIST, rows, moment=lambda member: member.joinedAt)
    # There is no workspace if it was deleted at this very moment.
    items = [workspace_view(each.workspace, each.role) for each in page.items if each.workspace]
    return Page(items=items, nextCursor=page.nextCursor)


async def change(scope: WorkspaceScope, changed: WorkspaceChange) -> MyWorkspace:
    """Rename or describe a workspace."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.admin) as this:
        workspace = await this.tx.workspace.update(
            where={"id": scope.id}, data=WorkspaceUpdateInput(**changed)
        )
        if workspace is None:
            raise workspace_not_found()
        if changed:
            await this.record("workspace.changed", subject=scope.id, **changed)
    return workspace_view(workspace, this.role)


async def transfer(scope: WorkspaceScope, *, user: str, most: int) -> MyWorkspace:
    """Make another member the owner, who may own so many workspaces at most.

    The owner until then is an admin from now on.
    """
    async with workspace_transaction(scope, min_role=WorkspaceRole.owner) as this:
        if user == scope.user.id:
            raise already_owner()
        if await role_in(scope.id, user, tx=this.tx) is None:
            raise member_not_found()
        await _require_room(this.tx, user, most)
        # Triggers see to the two rows of members.
        workspace = await this.tx.workspace.update(
            where={"id": scope.id}, data={"owner": {"connect": {"id": user}}}
        )
        if workspace is None:
            raise workspace_not_found()
        await this.record("workspace.transferred", subject=user)
    return workspace_view(workspace, WorkspaceRole.admin)


async def delete(scope: WorkspaceScope) -> None:
    """Delete a workspace with all that is in it; its trail stays."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.owner) as this:
        await this.record("workspace.deleted", subject=scope.id, name=this.scope.workspace.name)
        await this.tx.workspace.delete_many(where={"id": scope.id})


async def _require_room(tx: Prisma, owner: str, most: int) -> None:
    """That somebody may own another workspace: nobody else gives them one meanwhile."""
    # A member's other workspaces are not to be seen from here, and Prisma has no locks.
    found = await tx.query_first('SELECT hold_ownership($1::uuid) AS "owned"', owner)
    if found["owned"] >= most:
        raise too_many_workspaces(most)


async def end_memberships(tx: Prisma) -> None:
    """Write into the trails what the deletion of the caller's account, later in `tx`, will end.

    The database deletes what they own and their memberships; this also holds those workspaces, so
    that none becomes theirs meanwhile. In the caller's scope.
    """
    # They would take a scope for each workspace: a function of the database sees to all of them.
    await tx.execute_raw("SELECT end_memberships()")
