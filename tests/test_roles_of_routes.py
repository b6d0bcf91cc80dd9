"""What each role may do with each route of a tenancy, as the domains' modules declare it."""

import re

import httpx
import pytest
from fastapi.routing import APIRoute

from tests.domains import api_routes, collect, describe_route, module_of
from tests.fix_api import Api
from tests.fix_team import Team, make_team
from tests.role_tables import Row
from tests.targets import routes

TABLE: dict[str, Row] = collect("roles")
# The kinds of rows for routes whose path ends in another place than a workspace or an organization.
KINDS = {"projectId": "ProjectRoles", "tenantId": "TenantRoles"}
AUDITED: dict[str, tuple[str, ...]] = collect("audited")


async def test_every_route_of_a_tenancy_is_in_a_table(api: Api):
    """A new route comes with a row for it; a read declares a 403 only if some role gets one."""
    rows: dict[str, list[Row]] = {}
    for number, row in enumerate(TABLE.values()):
        team = await make_team(api, f"number{number}")
        caller = await row.make_caller(team, row.columns()[0])
        name = route_of((await row.request(team, caller)).request).name
        rows.setdefault(name, []).append(row)

    wrong: list[str] = []
    for each in routes(api.app.openapi()):
        if not each.places or not each.needs_caller:
            continue
        name, route = each.name, api_routes()[each.name]
        kind = KINDS.get(each.places[-1], "Roles")
        found = [row for row in rows.get(name, ()) if type(row).__name__ == kind]
        cells = {cell for row in found for cell in row.cells.values()}
        if not found:
            wrong.append(
                f"{module_of(route)}: add a row to `roles` whose request is "
                f"{describe_route(route)} ({name}): {kind}(request, ..., stranger=404)."
            )
        # Every route that changes something declares a 403 for cookies: only reads are compared.
        elif route.methods == {"GET"} and 403 in route.responses and 403 not in cells:
            wrong.append(
                f"{name} declares a 403 that no row of `roles` in {module_of(route)} shows: add "
                "the row, or remove 403 from `responses` if every member may do it."
            )
    assert not wrong, "\n" + "\n".join(wrong)


def route_of(request: httpx.Request) -> APIRoute:
    """Return the route that a request is for."""
    asked = f"{request.method} {request.url.path}"
    return next(
        route
        for route in api_routes().values()
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", describe_route(route)), asked)
    )


@pytest.mark.parametrize("name", TABLE)
async def test_every_cell(api: Api, name: str):
    """Each role gets what its cell says; a refusal changes nothing; tenancies keep owners."""
    row = TABLE[name]
    for role, cell in row.cells.items():
        team = await make_team(api, f"with.{role}")
        caller = await row.make_caller(team, role)

        answer = await row.request(team, caller)

        if isinstance(cell, str):
            assert answer.status_code == 200, (role, answer.text)
            assert shows_a_place(answer, team) == (cell == "yes"), role
        else:
            assert answer.status_code == cell, (role, answer.text)
        tenancies = (team, team.organization, team.tenant)
        events = [action for each in tenancies for action in await each.actions()]
        if not answer.is_success:
            assert answer.json()["code"], role
            assert events == [], role
        elif AUDITED.get(route_of(answer.request).name):
            assert events, f"{role}: a change leaves no event in the audit trail"
        await require_owners(api, team)


def shows_a_place(answer: httpx.Response, team: Team) -> bool:
    """Return whether a list shows one of the places of a team, except that which its path names."""
    asked = answer.request.url.path
    return any(id_ in answer.text for id_ in team.places.values() if id_ not in asked)


async def require_owners(api: Api, team: Team) -> None:
    """Fail unless a workspace that exists has one owner, an organization at least one.

    A tenant that exists has at least one administrator.
    """
    workspace = await api.owner.workspace.count(where={"id": team.id})
    assert list((await team.roles()).values()).count("owner") == workspace
    organization = await api.owner.organization.count(where={"id": team.organization.id})
    assert list((await team.organization.roles()).values()).count("OWNER") >= organization
    tenant = await api.owner.tenant.count(where={"id": team.tenant.id})
    assert list((await team.tenant.roles()).values()).count("ADMIN") >= tenant
