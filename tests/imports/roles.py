"""The table of docs/roles.md about imports and exports as requests."""

from httpx import Response

from tests.fix_api import Person
from tests.fix_team import Team
from tests.imports.jobs import create_job, path_of, upload
from tests.role_tables import Act, TenantRoles, rows_of_page


def _on_job(method: str) -> Act:
    async def act(team: Team, caller: Person) -> Response:
        return await caller.request(method, path_of(team.tenant, await create_job(team.tenant)))

    return act


def _export(name: str) -> Act:
    return lambda team, caller: caller.get(f"{team.tenant.path}/exports/{name}.csv")


_ACTS: dict[str, Act] = {
    "import a file": lambda team, caller: upload(caller, team.tenant),
    "list the imports": lambda team, caller: caller.get(path_of(team.tenant)),
    "read an import": _on_job("GET"),
    "cancel an import": _on_job("DELETE"),
    "export the users": _export("users"),
    "export the workout plans": _export("workout-plans"),
}

ROLES_OF_PAGE = rows_of_page("Imports and exports of a tenant", TenantRoles, _ACTS)
