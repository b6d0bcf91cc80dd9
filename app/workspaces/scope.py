"""The scope of a workspace: which one a request works in, and as what, decided before its handler.

A handler names the least role that it needs by the type of its argument: MemberScope, AdminScope or
OwnerScope. Strangers learn nothing (404); members with too low a role are told so (403).
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from prisma.actions import SessionActions
from prisma.enums import WorkspaceRole
from prisma.partials import PersonAtWork, SessionAtWork, WorkspaceView

from app.auth import BearerToken, going_on
from app.db import prisma
from app.kit.description import may_answer
from app.scope import enter
from app.workspaces.errors import workspace_not_found
from app.workspaces.ids import WorkspaceId, is_workspace_id
from app.workspaces.rights import require

_sessions = SessionActions(prisma, SessionAtWork)
_PARAMETER = "workspaceId"
# As a parameter of the dependency it would cost each request more than all checks of its token.
_PATH = {_PARAMETER: "10 to 20 letters and digits."}


@dataclass(frozen=True, slots=True)
class WorkspaceScope:
    """A workspace that its caller is a member of."""

    user: PersonAtWork
    workspace: WorkspaceView
    role: WorkspaceRole

    @property
    def id(self) -> WorkspaceId:
        return WorkspaceId(self.workspace.id)


class _Entering(BearerToken):
    def __init__(self, least: WorkspaceRole) -> None:
        self._least = least

    async def __call__(self, request: Request) -> WorkspaceScope:
        claims = self.claims(request)
        given = request.path_params[_PARAMETER]
        wanted = given if is_workspace_id(given) else ""
        enter(user=claims.user, workspace=wanted)
        # One query for all: the session, its user, the membership, the workspace.
        found = await _sessions.find_unique(
            where={"id": claims.session},
            include={
                "user": {
                    "include": {
                        "memberships": {
                            "where": {"workspaceId": wanted},
                            "include": {"workspace": True},
                        }
                    }
                }
            },
        )
        user = going_on(found, claims).user
        if not user.memberships:
            raise workspace_not_found()
        membership = user.memberships[0]
        require(membership.role, self._least)
        return WorkspaceScope(user, membership.workspace, membership.role)


def _as(least: WorkspaceRole) -> Any:
    answers = (401, 404) if least is WorkspaceRole.member else (401, 403, 404)
    return Depends(may_answer(*answers, path=_PATH)(_Entering(least)))


MemberScope = Annotated[WorkspaceScope, _as(WorkspaceRole.member)]
AdminScope = Annotated[WorkspaceScope, _as(WorkspaceRole.admin)]
OwnerScope = Annotated[WorkspaceScope, _as(WorkspaceRole.owner)]
