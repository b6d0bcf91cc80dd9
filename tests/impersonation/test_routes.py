"""What each route of a tenancy answers somebody who acts as a user, as the domains declare it."""

from contextlib import suppress

import httpx
import pytest
from prisma.errors import PrismaError

from app.impersonation import credentials
from app.impersonation.writable import is_writable_while_impersonating
from tests.domains import Target, api_routes, domains
from tests.fix_access import make_administrator
from tests.fix_api import Api, Person
from tests.fix_impersonation import act_as
from tests.fix_team import Team, make_team
from tests.targets import Route, make_target, routes

WRITABLE = {name for domain in domains().values() for name in domain.writable_while_impersonating}
# Written in transactions of their own, or about the impersonation itself.
_LOGS = {"AuditEvent", "Throttle"}


@pytest.fixture
def tenancy_routes(api: Api) -> list[Route]:
    """Return the routes of the tenancies in which somebody can act as a user: tenants are none."""
    return [route for route in routes(api.app.openapi()) if route.places and not route.in_tenant]


async def send(
    team: Team, support: Person, person: Person, route: Route, target: Target, *, mode: str
) -> httpx.Response:
    """Request a route as somebody who acts as a person of the team in the route's tenancy."""
    tenancy = route.places[0]
    acting = await act_as(team.api, support, person, mode=mode, **{tenancy: target[tenancy]})
    return await route.make_request(target).send(acting.http)


async def rows(api: Api) -> list[str]:
    """Return every row that an impersonated request could change."""
    tables = await api.owner.query_raw(
        """
        SELECT relname::text AS name FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
            AND relname <> ALL ($1::text[])
        """,
        list(_LOGS),
    )
    union = " UNION ALL ".join(
        f"SELECT '{table['name']} ' || to_jsonb(t)::text AS row FROM \"{table['name']}\" AS t"
        for table in tables
    )
    found = await api.owner.query_raw(f"SELECT row FROM ({union}) AS rows ORDER BY row")  # pyright: ignore[reportArgumentType]  # the database's own names
    return [row["row"] for row in found]


def test_what_is_declared_is_decorated():
    """Those are the same; none of them reads or deletes, and all are in tenancies."""
    decorated = {
        name
        for name, route in api_routes().items()
        if is_writable_while_impersonating(route.endpoint)
    }
    assert decorated == WRITABLE, (
        "`writable_while_impersonating` in tests/NAME/domain.py and the handlers with "
        "@writable_while_impersonating must be the same."
    )
    for name in WRITABLE:
        route = api_routes()[name]
        assert route.methods
        assert not route.methods & {"GET", "DELETE"}, name
        assert {"workspaceId", "organizationId"} & route.param_convertors.keys(), name


async def test_reading_is_as_the_user(api: Api, tenancy_routes: list[Route]):
    """Every route that reads answers in both modes as it answers the user, but for the header."""
    team = await make_team(api, "red")
    support = await make_administrator(api)
    target = await make_target(team, team.member)
    for route in tenancy_routes:
        if route.method != "GET":
            continue
        for mode in ("read", "write"):
            answer = await send(team, support, team.owner, route, target, mode=mode)
            own = await route.make_request(target).send(team.owner.http)
            assert answer.headers["Impersonated-By"] == support.id, route.name
            assert answer.status_code == own.status_code, (route.name, answer.text)
            if not route.name.endswith("audit_events"):  # it has this request
                assert answer.text == own.text, route.name


async def test_read_mode_refuses_every_change(api: Api, tenancy_routes: list[Route]):
    """Whatever the route, 403 and nothing changed."""
    await require_refusals(api, tenancy_routes, mode="read", code="impersonation_read_only")


async def test_write_mode_refuses_what_is_not_declared(api: Api, tenancy_routes: list[Route]):
    """Whatever the route, 403 and nothing changed."""
    refused = [route for route in tenancy_routes if route.name not in WRITABLE]
    await require_refusals(api, refused, mode="write", code="not_while_impersonating")


async def require_refusals(api: Api, tested: list[Route], *, mode: str, code: str) -> None:
    team = await make_team(api, "red")
    support = await make_administrator(api)
    target = await make_target(team, team.member)
    for route in tested:
        if route.method == "GET":
            continue
        for person in (team.owner, team.admin):
            acting = await send(team, support, person, route, target, mode=mode)
            assert (acting.status_code, acting.json()["code"]) == (403, code), route.name
            assert acting.headers["Impersonated-By"] == support.id


async def test_write_mode_allows_what_is_declared(api: Api, tenancy_routes: list[Route]):
    """Each succeeds for somebody of the team, and its events name both people."""
    support = await make_administrator(api)
    for route in tenancy_routes:
        if route.name not in WRITABLE:
            continue
        team = await make_team(api, f"own.{route.name}")
        target = await make_target(team, team.member)
        await api.owner.auditevent.delete_many()
        answer = await send(team, support, team.owner, route, target, mode="write")
        assert answer.is_success, (route.name, answer.text)
        assert answer.headers["Impersonated-By"] == support.id
        events = await api.owner.auditevent.find_many()
        assert {event.action for event in events} > {"impersonation.request"}, route.name
        assert {(event.actorId, event.impersonatorId) for event in events} == {
            (team.owner.id, support.id)
        }, route.name


@pytest.mark.parametrize("mode", ["read", "write"])
async def test_the_database_alone_refuses(
    api: Api, tenancy_routes: list[Route], monkeypatch: pytest.MonkeyPatch, mode: str
):
    """With the check of methods and routes switched off, it refuses each of the changes."""

    def permit(*_: object) -> None: ...

    monkeypatch.setattr(credentials, "_require_permission", permit)
    team = await make_team(api, "red")
    support = await make_administrator(api)
    target = await make_target(team, team.member)
    for route in tenancy_routes:
        if route.method == "GET" or (mode == "write" and route.name in WRITABLE):
            continue
        for person in (team.owner, team.admin):
            tenancy = route.places[0]
            acting = await act_as(api, support, person, mode=mode, **{tenancy: target[tenancy]})
            before = await rows(api)
            with suppress(PrismaError):  # a 500 outside of tests
                await route.make_request(target).send(acting.http)
            assert await rows(api) == before, route.name
