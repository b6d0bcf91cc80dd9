"""The table of docs/roles.md about WhatsApp channels as requests."""

from httpx import Response

from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import Act, TenantRoles, rows_of_page
from tests.whatsapp.channels import CONFIG, new_channel, store_channel


def on_a_channel(method: str, path: str = "", body: object = None) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        channels = f"{team.tenant.path}/whatsapp-channels"
        made = await store_channel(team.tenant)
        return await caller.request(method, f"{channels}/{made}{path}", json=body)

    return act


_ACTS: dict[str, Act] = {
    "list the WhatsApp channels": lambda team, caller: caller.get(
        f"{team.tenant.path}/whatsapp-channels"
    ),
    "read a WhatsApp channel": on_a_channel("GET"),
    "add a WhatsApp channel": lambda team, caller: caller.post(
        f"{team.tenant.path}/whatsapp-channels", new_channel()
    ),
    "change its status": on_a_channel("PATCH", body={"status": "ACTIVE"}),
    "replace its config": on_a_channel("PUT", "/config", CONFIG),
    "delete it": on_a_channel("DELETE"),
}

ROLES_OF_PAGE = rows_of_page("WhatsApp channels", TenantRoles, _ACTS)
