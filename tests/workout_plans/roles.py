"""The table of docs/roles.md about workout plans as requests."""

from httpx import Response

from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import Act, TenantRoles, rows_of_page
from tests.workout_plans.plans import PLAN, create_plan, create_version, path_of


def _on_plan(method: str, rest: str = "") -> Act:
    async def act(team: Team, caller: Person) -> Response:
        id_ = await create_plan(team.tenant)
        await create_version(team.tenant, id_, 1)
        body = {"json": {"plan": PLAN, "userId": None}} if method == "PUT" else {}
        return await caller.request(method, f"{path_of(team.tenant, id_)}{rest}", **body)

    return act


_ACTS: dict[str, Act] = {
    "list the plans": lambda team, caller: caller.get(path_of(team.tenant)),
    "create a plan": lambda team, caller: caller.post(path_of(team.tenant), {"plan": PLAN}),
    "read a plan": _on_plan("GET"),
    "replace a plan": _on_plan("PUT"),
    "list its earlier versions": _on_plan("GET", "/versions"),
    "read an earlier version": _on_plan("GET", "/versions/1"),
    "delete a plan": _on_plan("DELETE"),
}

ROLES_OF_PAGE = rows_of_page("Workout plans of a tenant", TenantRoles, _ACTS)
