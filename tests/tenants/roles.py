"""The table of docs/roles.md about tenants as requests."""

from httpx import Response
from prisma.enums import TenantUserRole

from tests.fix_api import PASSWORD, Person
from tests.fix_team import Team
from tests.role_tables import Act, TenantRoles, rows_of_page

_ADMIN = TenantUserRole.ADMIN
_PASSWORDS = {"currentPassword": PASSWORD, "newPassword": "another horse on the moon"}


def to_user(method: str, of: str, path: str = "", **body: object) -> Act:
    """Send a request about a user of the tenant: "staff", "another admin" or "yourself"."""

    async def act(team: Team, caller: Person) -> Response:
        user = {"staff": team.tenant.staff, "yourself": caller}.get(of)
        user = user or await team.tenant.joined("another", _ADMIN)
        url = f"{team.tenant.path}/users/{user.id}{path}"
        return await caller.request(method, url, json=body or None)

    return act


def beside_another_admin(act: Act) -> Act:
    async def with_admin(team: Team, caller: Person) -> Response:
        await team.tenant.joined("another", _ADMIN)
        return await act(team, caller)

    return with_admin


def create(role: str) -> Act:
    body = {"email": "new@example.com", "role": role}
    return lambda team, caller: caller.post(f"{team.tenant.path}/users", body)


_ACTS: dict[str, Act] = {
    "read your account": lambda team, caller: caller.get(f"{team.tenant.path}/me"),
    "list the users": lambda team, caller: caller.get(f"{team.tenant.path}/users"),
    "create a user": create("STAFF"),
    "create an admin": create("ADMIN"),
    "make staff an admin": to_user("PATCH", "staff", role="ADMIN"),
    "make another admin staff": to_user("PATCH", "another admin", role="STAFF"),
    "lower yourself": to_user("PATCH", "yourself", role="STAFF"),
    "lower yourself, confirmed": to_user("PATCH", "yourself", role="STAFF", confirm=True),
    "lower yourself, confirmed, beside another admin": beside_another_admin(
        to_user("PATCH", "yourself", role="STAFF", confirm=True)
    ),
    "change an address": to_user("PATCH", "staff", email="other@example.com"),
    "mail a user a link": to_user("POST", "staff", "/password-link"),
    "delete staff": to_user("DELETE", "staff"),
    "delete another admin": to_user("DELETE", "another admin"),
    "delete yourself": to_user("DELETE", "yourself"),
    "delete yourself, confirmed": to_user("DELETE", "yourself", "?confirm=true"),
    "delete yourself, confirmed, beside another admin": beside_another_admin(
        to_user("DELETE", "yourself", "?confirm=true")
    ),
    "read the audit trail": lambda team, caller: caller.get(f"{team.tenant.path}/audit-events"),
    "log out": lambda team, caller: caller.post(f"{team.tenant.path}/auth/log-out"),
    "change your password": lambda team, caller: caller.post(
        f"{team.tenant.path}/me/password", _PASSWORDS
    ),
    "list your sessions": lambda team, caller: caller.get(f"{team.tenant.path}/me/sessions"),
    "end one of your sessions": lambda team, caller: caller.delete(
        f"{team.tenant.path}/me/sessions/{caller.session}"
    ),
}

ROLES_OF_PAGE = rows_of_page("In a tenant", TenantRoles, _ACTS)
