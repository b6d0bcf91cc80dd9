"""The scope of a request: its workspace and the caller's role, resolved before its handler.

The type of a handler's argument states the minimum role: MemberScope, AdminScope or OwnerScope. A
caller who is no member gets 404, a member with a lower role 403.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from prisma import Prisma
from prisma.actions import SessionActions
from prisma.enums import WorkspaceRole
from prisma.partials import RequestSession, WorkspaceView

from app.audit import Trail
from app.db import prisma
from app.http.description import declare_responses
from app.http.problems import Problem
from app.impersonation import TenancyCredentials
from app.tenancy import MembershipScope
from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId, is_workspace_id
from app.workspaces.locks import lock_workspace
from app.workspaces.membership import InWorkspace, in_workspace, role_in
from app.workspaces.rights import WORKSPACE_ROLES

_sessions = SessionActions(prisma, RequestSession)
_PARAMETER = "workspaceId"
# Read from the request: as a declared parameter it would cost more time than verifying the token.
_PATH = {_PARAMETER: "10 to 20 letters and digits."}


@dataclass(frozen=True, slots=True)
class WorkspaceScope(MembershipScope[WorkspaceRole]):
    """A workspace, its caller, and the caller's role in it."""

    workspace: WorkspaceView

    roles = WORKSPACE_ROLES

    @property
    def id(self) -> WorkspaceId:
        return WorkspaceId(self.workspace.id)

    @property
    def name(self) -> str:
        return self.workspace.name

    @property
    def where(self) -> InWorkspace:
        return in_workspace(self.id)

    @property
    def trail(self) -> Trail:
        return {"workspace": self.id}

    async def lock(self, tx: Prisma) -> None:
        await lock_workspace(tx, self.id)

    async def read_role(self, tx: Prisma, user: str) -> WorkspaceRole | None:
        return await role_in(self.id, user, tx=tx)

    async def read_email(self, tx: Prisma, user: str) -> str | None:
        member = await tx.workspacemember.find_unique(
            where={"workspaceId_userId": {**self.where, "userId": user}}, include={"user": True}
        )
        return member.user.email if member and member.user else None

    def not_found(self) -> Problem:
        return workspace_not_found()


class _ScopeDependency(TenancyCredentials):
    def __init__(self, min_role: WorkspaceRole) -> None:
        self._min_role = min_role

    async def __call__(self, request: Request) -> WorkspaceScope:
        claims = await self.read_claims(request)
        text = request.path_params[_PARAMETER]
        workspace = text if is_workspace_id(text) else ""
        await self.enter_scope(request, claims, workspace=workspace, not_found=workspace_not_found)
        # One query reads the session, its user, the membership and the workspace.
        found = await _sessions.find_unique(
            where={"id": claims.session},
            include={
                "user": {
                    "include": {
                        "memberships": {
                            "where": {"workspaceId": workspace},
                            "include": {"workspace": True},
                        }
                    }
                }
            },
        )
        user = (await self.verify_session(request, found, claims)).user
        if not user.memberships:
            raise workspace_not_found()
        membership = user.memberships[0]
        WORKSPACE_ROLES.require(membership.role, self._min_role)
        return WorkspaceScope(user, membership.role, membership.workspace)


def _require_scope(min_role: WorkspaceRole) -> Any:
    statuses = (404,) if min_role is WorkspaceRole.member else (403, 404)
    return Depends(declare_responses(*statuses, path=_PATH)(_ScopeDependency(min_role)))


MemberScope = Annotated[WorkspaceScope, _require_scope(WorkspaceRole.member)]
AdminScope = Annotated[WorkspaceScope, _require_scope(WorkspaceRole.admin)]
OwnerScope = Annotated[WorkspaceScope, _require_scope(WorkspaceRole.owner)]
