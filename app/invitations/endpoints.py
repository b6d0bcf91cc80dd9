"""The HTTP route by which all invitations are accepted."""

from app.auth import CurrentCaller
from app.http.description import domain_router
from app.http.problems import problems
from app.http.requests import CurrentSettings
from app.invitations import rules
from app.invitations.schemas import Acceptance
from app.organizations import MyOrganization
from app.workspaces import MyWorkspace

router = domain_router()


@router.post("/invitations/accept", tags=["invitations"], responses=problems(403, 404, 409, 410))
async def accept_invitation(
    caller: CurrentCaller, body: Acceptance, settings: CurrentSettings
) -> MyWorkspace | MyOrganization:
    """Become a member by an invitation to your confirmed address.

    It leads into a workspace or an organization.
    """
    return await rules.accept(
        caller, token=body.token, organizations_per_owner=settings.organizations_per_owner
    )
