"""The table of docs/roles.md about phone numbers as requests."""

from httpx import Response

from tests.fix_api import Person
from tests.fix_team import Team
from tests.phones.numbers import CREDENTIALS, new_number, store_number
from tests.role_tables import Act, TenantRoles, rows_of_page


def on_a_number(method: str, path: str = "", body: object = None) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        numbers = f"{team.tenant.path}/phone-numbers"
        made = await store_number(team.tenant)
        return await caller.request(method, f"{numbers}/{made}{path}", json=body)

    return act


_ACTS: dict[str, Act] = {
    "list the phone numbers": lambda team, caller: caller.get(f"{team.tenant.path}/phone-numbers"),
    "read a phone number": on_a_number("GET"),
    "add a phone number": lambda team, caller: caller.post(
        f"{team.tenant.path}/phone-numbers", new_number()
    ),
    "change its status": on_a_number("PATCH", body={"status": "ACTIVE"}),
    "replace its log-in": on_a_number("PUT", "/sip-credentials", CREDENTIALS),
    "delete it": on_a_number("DELETE"),
}

ROLES_OF_PAGE = rows_of_page("Phone numbers", TenantRoles, _ACTS)
