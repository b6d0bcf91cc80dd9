"""The scope of a workspace: which one a request works in, and as what, decided before its handler.

A handler names the least role that it needs by the type of its argument: MemberScope, AdminScope or
OwnerScope. Strangers learn nothing (404); members with too low a role are told so (403).
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path
from prisma.enums import WorkspaceRole
from prisma.models import User, Workspace

from app.auth import Caller, TokenClaims, caller_in
from app.kit.description import may_answer
from app.scope import scope
from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId, is_workspace_id
from app.workspaces.rights import require


@dataclass(frozen=True, slots=True)
class WorkspaceScope:
    """A workspace that its caller is a member of."""

    caller: Caller
    workspace: Workspace
    role: WorkspaceRole

    @property
    def id(self) -> WorkspaceId:
        return WorkspaceId(self.workspace.id)

    @property
    def user(self) -> User:
        return self.caller.user


def _entering(least: WorkspaceRole) -> Callable[..., AsyncGenerator[WorkspaceScope]]:
    @may_answer(404, *([] if least is WorkspaceRole.member else [403]))
    async def enter(
        claims: TokenClaims,
        workspace_id: Annotated[
            str, Path(alias="workspaceId", description="10 to 20 letters and digits.")
        ],
    ) -> AsyncGenerator[WorkspaceScope]:
        wanted = workspace_id if is_workspace_id(workspace_id) else ""
        with scope(user=claims.user, workspace=wanted):
            caller, membership = await caller_in(claims, workspace=wanted or None)
            if membership is None or membership.workspace is None:
                raise workspace_not_found()
            role = WorkspaceRole(membership.role)
            require(role, least)
            yield WorkspaceScope(caller, membership.workspace, role)

    return enter


MemberScope = Annotated[WorkspaceScope, Depends(_entering(WorkspaceRole.member))]
AdminScope = Annotated[WorkspaceScope, Depends(_entering(WorkspaceRole.admin))]
OwnerScope = Annotated[WorkspaceScope, Depends(_entering(WorkspaceRole.owner))]
