"""Nothing leaks from one tenancy to another: every route, every kind of caller.

Each caller asks for what belongs to another team. The answer has to be, word for word, the answer
for what does not exist; it must show nothing of the other team, and leave the other team's rows as
they are. The suite runs twice: with the policies of the database, and without them, so that a query
whose filter was forgotten fails even though a policy would hide the mistake.

tests/callers.py lists the callers. Bodies, path parameters and rows come from the domains' modules,
tests/NAME/domain.py.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import httpx
import pytest
from prisma import Prisma

from app.projects.scope import RESOLVE
from tests.callers import KINDS, Caller, Kind
from tests.domains import Target, collect, domains
from tests.fix_api import Api, disable_policies
from tests.fix_team import Team, make_team
from tests.targets import (
    Route,
    RouteRequest,
    insiders,
    make_target,
    make_targets,
    nowhere,
    routes,
)

AUDITED: dict[str, tuple[str, ...]] = collect("audited")

# Routes whose rows a module keeps to the tenancy by this function alone.
FILTERED = {
    "app.workspaces.members.in_workspace": ("list_members",),
    "app.workspaces.invitations.in_workspace": ("revoke_invitation",),
    "app.organizations.invitations.in_organization": ("revoke_organization_invitation",),
}
# The statement that finds a request's project, and the same for all members of its organization.
_FOR_ALL_MEMBERS = RESOLVE.replace('"resolved"."role"', """coalesce("resolved"."role", 'VIEWER')""")
REMEDY = (
    "Limit each query of these routes to the caller's rows: add `**in_workspace(scope.id)` to its "
    "`where`, or the caller's id if it belongs to no tenancy (docs/adding-a-domain.md). If the "
    "test fails with policies too, correct the policy of the table."
)
WRITES_TO_ANYONE = {name for domain in domains().values() for name in domain.writes_to_anyone}


async def rows_of(owner: Prisma, team: Team) -> list[str]:
    """Return every row of every table that has the id of the team's tenancies or people."""
    tables = await owner.query_raw(
        """
        SELECT relname::text AS name FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
        """
    )
    union = " UNION ALL ".join(
        f"SELECT '{table['name']} ' || to_jsonb(t)::text AS row FROM \"{table['name']}\" AS t"
        for table in tables
    )
    names = [*team.places.values(), *(person.id for person in team.people)]
    found = await owner.query_raw(
        f"SELECT row FROM ({union}) AS rows WHERE row LIKE ANY ($1::text[]) ORDER BY row",  # pyright: ignore[reportArgumentType]  # the database's own names
        [f"%{name}%" for name in names],
    )
    return [row["row"] for row in found]


async def forget_requests(owner: Prisma) -> None:
    """Delete what requests leave behind: counters, and the paths that impersonators asked for.

    These are in the trail of the impersonator's own tenancy, whatever they name.
    """
    await owner.throttle.delete_many()
    await owner.auditevent.delete_many(where={"action": "impersonation.request"})


def secrets_in(rows: list[str]) -> set[str]:
    """Return the ids, names, addresses and hashes in rows: what occurs nowhere else."""
    values = {
        value
        for row in rows
        for column, value in json.loads(row[row.index("{") :]).items()
        if isinstance(value, str) and column != "action"
    }
    return {value for value in values if re.search(r"-7\w{3}-|@|Team |\.|\w{15}", value)}


@pytest.fixture
def all_routes(api: Api) -> list[Route]:
    return list(routes(api.app.openapi()))


@pytest.fixture(params=["with policies", "without policies"], autouse=True)
async def policies(request: pytest.FixtureRequest, api: Api) -> None:
    """Run every test twice, so that each line of defence is proven alone."""
    if request.param == "without policies":
        await disable_policies(api.owner)


async def test_policies_are_off_where_they_should_be(api: Api, request: pytest.FixtureRequest):
    """Without them, the service's role sees rows outside of every scope."""
    from app.db import prisma

    await make_team(api, "red")
    is_off = "without" in request.node.name
    assert bool(await prisma.user.count()) == bool(await prisma.workspace.count()) == is_off


async def test_nothing_leaks(api: Api, all_routes: list[Route]):
    """Everyone of one team and of none asks every route for everyone of another team."""
    await require_no_leaks(api, all_routes, all_routes)


@dataclass(frozen=True)
class Other:
    """The team that callers ask about, and what there is to learn of it."""

    api: Api
    team: Team
    targets: list[Target]
    # A caller of each kind for all routes that change nothing.
    callers: Mapping[str, Caller]
    rows: list[str]

    async def find_caller(self, name: str, route: Route) -> Caller:
        """Return a caller of a kind whom no other route has given or taken anything."""
        kind = KINDS[name]
        if route.method == "GET" or kind.is_insider or not kind.may_count(route):
            return self.callers[name]  # the last two change nothing either
        return await make_caller(self.api, self.team, name, route.name)

    def secrets_from(self, kind: Kind) -> set[str]:
        """Return what a kind of caller may not learn."""
        places = self.team.places
        known = {places[name] for name in kind.member_of}
        if not known:
            return secrets_in(self.rows)
        hidden = set(places.values()) - known
        told = [row for row in self.rows if any(id_ in row for id_ in hidden)]
        return secrets_in(told) - secrets_in([row for row in self.rows if row not in told])


async def make_caller(api: Api, team: Team, name: str, purpose: str) -> Caller:
    number = list(KINDS).index(name)
    return await KINDS[name].make(api, team, f"red{number}.{purpose}")


async def make_other(api: Api, all_routes: list[Route]) -> Other:
    blue = await make_team(api, "blue")
    targets = await make_targets(blue, all_routes)
    callers = {name: await make_caller(api, blue, name, "reader") for name in KINDS}
    other = Other(api, blue, targets, callers, await rows_of(api.owner, blue))
    known = {*blue.places.values(), blue.name_shown, blue.admin.email, blue.member.id}
    assert known | {targets[0]["invitationId"]} < secrets_in(other.rows)
    return other


async def require_no_leaks(
    api: Api,
    tested: list[Route],
    all_routes: list[Route],
    *,
    once_rows_exist: Callable[[], None] = lambda: None,
) -> None:
    other = await make_other(api, all_routes)
    before = other.rows

    once_rows_exist()
    leaks: list[str] = []
    for route in tested:
        try:
            for name, kind in KINDS.items():
                if kind.asks(route):
                    await check_route(other, route, name, kind)
        except AssertionError as error:
            leaks.append(str(error).splitlines()[0])
        await forget_requests(api.owner)
        after = await rows_of(api.owner, other.team)
        if after != before and route.name not in WRITES_TO_ANYONE:
            leaks.append(f"{route.name} changed foreign rows")
        before = after
    assert not leaks, "\n".join([*leaks, REMEDY])


async def check_route(other: Other, route: Route, name: str, kind: Kind) -> None:
    """Let a caller ask a route for the targets, also within places of the caller's own."""
    caller = await other.find_caller(name, route)
    secrets = other.secrets_from(kind)
    asked: list[RouteRequest] = []
    asks_for_all = kind.asks_for_all and kind.may_count(route)
    for target in other.targets if asks_for_all else other.targets[-1:]:
        for within in caller.places_to_ask(route, target):
            # The first page too: a foreign cursor is refused.
            for aim in (target, replace(target, cursors={})) if route.takes_cursor else (target,):
                request = route.make_request(aim, within=within)
                if request not in asked:  # most name nobody of the team
                    asked.append(request)
                    await check(other.api, caller.http, name, route, aim, within, secrets)


async def check(
    api: Api,
    client: httpx.AsyncClient,
    caller: str,
    route: Route,
    target: Target,
    within: Mapping[str, str],
    secrets: set[str],
) -> None:
    """Require the answer for what does not exist, which shows nothing of the target."""
    nothing_there = replace(nowhere(), cursors=target.cursors)
    request = route.make_request(target, within=within)
    same_for_nothing = route.make_request(nothing_there, within=within)
    if request == same_for_nothing and within and route.method != "GET":
        return  # it names nobody's rows
    label = f"{route.name}: {caller}: {request}"
    await forget_requests(api.owner)
    response = await request.send(client)

    assert response.status_code < 500, label
    shown, sent = response.text + repr(response.headers), repr(request)
    leaked = [secret for secret in secrets if secret in shown and secret not in sent]
    assert not leaked, f"{label} shows {leaked[:3]} of another tenancy"
    if request == same_for_nothing:
        return
    await forget_requests(api.owner)
    expected = await same_for_nothing.send(client)
    assert response.status_code == expected.status_code, (
        f"{label} answers {response.status_code} instead of {expected.status_code}, which it "
        "answers about what does not exist"
    )
    if response.status_code == 201:  # something of the caller's own, as an invitation
        assert response.json().keys() == expected.json().keys(), label
    else:
        assert (response.text, response.headers) == (expected.text, expected.headers), label


@pytest.mark.parametrize(
    ("function", "name"), [(function, name) for function in FILTERED for name in FILTERED[function]]
)
async def test_a_forgotten_filter_fails(
    api: Api,
    all_routes: list[Route],
    function: str,
    name: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
):
    """The test above detects a query that is not limited to its tenancy."""

    def forget() -> None:
        monkeypatch.setattr(function, lambda _: {})  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    await require_detection(api, all_routes, name, request, forget)


async def test_a_forgotten_role_in_a_project_fails(
    api: Api,
    all_routes: list[Route],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
):
    """The test above detects a project that every member of its organization can read."""

    def forget() -> None:
        monkeypatch.setattr("app.projects.scope.RESOLVE", _FOR_ALL_MEMBERS)

    await require_detection(api, all_routes, "read_project", request, forget)


async def require_detection(
    api: Api,
    all_routes: list[Route],
    name: str,
    request: pytest.FixtureRequest,
    forget: Callable[[], None],
) -> None:
    """Require that what a route forgets leaks without policies, and that these alone suffice."""
    tested = [route for route in all_routes if route.name == name]
    if "without" in request.node.name:
        leak = (
            rf"^{name}.* (shows \[|answers 2\d\d instead|changed foreign rows)(?s:.*)in_workspace"
        )
        with pytest.raises(AssertionError, match=leak):
            await require_no_leaks(api, tested, all_routes, once_rows_exist=forget)
    else:
        await require_no_leaks(api, tested, all_routes, once_rows_exist=forget)


async def test_the_requests_are_good(api: Api, all_routes: list[Route]):
    """Within the caller's own tenancy they succeed: isolation alone stops them above."""
    for number, route in enumerate(all_routes):
        if not (route.places and route.needs_caller):
            continue
        team = await make_team(api, f"own{number}")
        target = await make_target(team, team.member)
        first, second, *_ = insiders(team, route)
        answer = await route.make_request(target).send(first.http)
        if answer.status_code == 404:  # some routes answer the admin alone, who got an offer
            answer = await route.make_request(target).send(second.http)
        assert answer.is_success or answer.status_code == 409, (
            f"{route.module}: `bodies` or `make_rows` is wrong for {route.name}: {answer.text}"
        )


async def test_other_teams_do_not_change_what_is_read(api: Api, all_routes: list[Route]):
    """Every read of a team is the same, byte by byte, before and after another team exists.

    Only what needs a capability shows the whole installation.
    """
    red = await make_team(api, "red")
    target = await make_target(red, red.member)

    reads = [route for route in all_routes if route.method == "GET" and not route.capability]
    # Those that are audited come last, and their events are deleted: other reads would show them.
    reads.sort(key=lambda route: route.name in AUDITED)
    events = [action for route in reads for action in AUDITED.get(route.name, ())]

    async def read() -> dict[tuple[str, str], str]:
        shown = {
            (route.name, person.email): (await route.make_request(target).send(person.http)).text
            for route in reads
            for person in insiders(red, route)
        }
        await api.owner.auditevent.delete_many(where={"action": {"in": events}})
        return shown

    await read()  # the first use of a session is written down
    alone = await read()
    blue = await make_team(api, "blue")
    await make_target(blue, blue.member)

    assert await read() == alone


async def test_two_tenancies_of_one_user_stay_apart(api: Api, all_routes: list[Route]):
    """A member of two workspaces or organizations sees, inside of one, nothing of the other.

    Nobody is a user of two tenants.
    """
    red, blue = await make_team(api, "red"), await make_team(api, "blue")
    target = await make_target(red, red.member)
    await make_target(blue, blue.member)
    secrets = secrets_in(await rows_of(api.owner, blue)) - secrets_in(await rows_of(api.owner, red))
    both = red.admin
    await blue.add(both)
    await blue.organization.add(both)
    assert {*blue.places.values()} < secrets

    for route in all_routes:
        if route.method == "GET" and route.places and not route.in_tenant:
            answer = await route.make_request(target).send(both.http)
            assert answer.status_code == 200, route.name
            assert not [secret for secret in secrets if secret in answer.text], route.name
