"""What each role may do with each route of a workspace, as the domains' modules declare it."""

import re

import pytest

from tests.domains import ROLES, Roles, api_routes, collect, describe_route, module_of
from tests.fix_api import Api
from tests.fix_team import make_team

TABLE: dict[str, Roles] = collect("roles")


async def test_every_route_of_a_workspace_is_in_a_table(api: Api):
    """A new route comes with a row for it; it declares a 403 exactly if some role gets one."""
    cells: dict[str, set[int]] = {}
    for number, row in enumerate(TABLE.values()):
        team = await make_team(api, f"number{number}")
        request = (await row.request(team, team.owner)).request
        statuses = {getattr(row, role) for role in ROLES}
        cells.setdefault(f"{request.method} {request.url.path}", set()).update(statuses)

    wrong: list[str] = []
    for name, route in api_routes().items():
        if "{workspaceId}" not in route.path:
            continue
        shape = re.compile(re.sub(r"{\w+}", "[^/]+", describe_route(route)))
        found = [statuses for request, statuses in cells.items() if shape.fullmatch(request)]
        if not found:
            wrong.append(
                f"{module_of(route)}: add a row to `roles` whose request is "
                f"{describe_route(route)} ({name}): Roles(request, owner=..., admin=..., "
                "member=..., stranger=404)."
            )
        elif 403 in route.responses and 403 not in set[int]().union(*found):
            wrong.append(
                f"{name} declares a 403 that no row of `roles` in {module_of(route)} shows: add "
                "the row, or remove 403 from `responses` if every member may do it."
            )
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("row", TABLE)
async def test_every_cell(api: Api, row: str):
    """Each role gets what its cell says; a refusal changes nothing; one owner stays."""
    for role in ROLES:
        team = await make_team(api, f"with.{role}")
        caller = await api.person("stranger") if role == "stranger" else getattr(team, role)

        answer = await TABLE[row].request(team, caller)

        assert answer.status_code == getattr(TABLE[row], role), (role, answer.text)
        events = await team.actions()
        if not answer.is_success:
            assert answer.json()["code"], role
            assert events == [], role
        elif answer.request.method != "GET":
            assert events, f"{role}: a change leaves no event in the audit trail"
        exists = await api.owner.workspace.count(where={"id": team.id})
        owners = [user for user, held in (await team.roles()).items() if held == "owner"]
        assert len(owners) == exists, role
