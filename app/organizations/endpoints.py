"""HTTP routes of organizations."""

from app.auth import CurrentCaller
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.http.requests import CurrentSettings
from app.organizations import rules
from app.organizations.schemas import MyOrganization, NewOrganization
from app.organizations.scope import OrgMemberScope

router = domain_router()
ORGANIZATION = "/organizations/{organizationId}"


@router.get(ORGANIZATION, tags=["organizations"])
async def read_organization(scope: OrgMemberScope) -> MyOrganization:
    """Return an organization."""
    return rules.organization_view(scope.organization, scope.role)


@router.post("/organizations", tags=["organizations"], status_code=201, responses=problems(409))
async def create_organization(
    caller: CurrentCaller, body: NewOrganization, settings: CurrentSettings
) -> MyOrganization:
    """Create an organization that you own."""
    return await rules.create(caller, name=body.name, limit=settings.organizations_per_owner)


@router.get("/organizations", tags=["organizations"])
async def list_organizations(caller: CurrentCaller, pages: Pagination) -> Page[MyOrganization]:
    """List your organizations, in the order in which you joined them."""
    return await rules.list_mine(caller, pages)
