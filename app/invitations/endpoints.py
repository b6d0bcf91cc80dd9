"""The HTTP route by which all invitations are accepted."""

from app.auth import CurrentCaller
from app.http.description import domain_router
from app.http.problems import problems
from app.invitations import rules
from app.invitations.schemas import Acceptance
from app.workspaces import MyWorkspace

router = domain_router()


@router.post("/invitations/accept", tags=["invitations"], responses=problems(403, 404, 409, 410))
async def accept_invitation(caller: CurrentCaller, body: Acceptance) -> MyWorkspace:
    """Become a member by an invitation to your confirmed address."""
    return await rules.accept(caller, token=body.token)
