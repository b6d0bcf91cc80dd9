"""The table of docs/roles.md about integrations as requests."""

from httpx import Response

from tests.fix_api import Person
from tests.fix_team import Team
from tests.integrations.configs import good_config, store_magicline
from tests.role_tables import Act, TenantRoles, rows_of_page


def on_an_integration(method: str, body: object = None) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        path = f"{team.tenant.path}/integrations/MAGICLINE"
        await store_magicline(team.tenant)
        return await caller.request(method, path, json=body)

    return act


_ACTS: dict[str, Act] = {
    "list the integrations": lambda team, caller: caller.get(f"{team.tenant.path}/integrations"),
    "read an integration's config": on_an_integration("GET"),
    "replace the config": on_an_integration("PUT", good_config("MAGICLINE")),
    "deactivate it": on_an_integration("PATCH", {"active": False}),
    "delete the integration": on_an_integration("DELETE"),
}

ROLES_OF_PAGE = rows_of_page("Integrations", TenantRoles, _ACTS)
