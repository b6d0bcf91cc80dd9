"""Nothing leaks from one workspace to another: every route, every pair of users.

Each caller asks for what belongs to another team. The answer has to be, word for word, the answer
for what does not exist; it must show nothing of the other team, and leave the other team's rows as
they are. The suite runs twice: with the policies of the database, and without them, so that a query
whose filter was forgotten fails even though a policy would hide the mistake.

Bodies, path parameters and rows come from the domains' modules, tests/NAME/domain.py.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from prisma import Prisma

from tests.domains import Target, domains
from tests.fix_api import Api, disable_policies
from tests.fix_team import Team, make_team
from tests.targets import Route, make_target, nowhere, routes

CALLERS = ("owner", "owner with a cookie", "admin", "member", "stranger", "anonymous")
# Routes whose rows a module keeps to the workspace by its `in_workspace` alone.
FILTERED = {"app.workspaces.invitations": ("list_invitations", "revoke_invitation")}
REMEDY = (
    "Limit each query of these routes to the caller's rows: add `**in_workspace(scope.id)` to its "
    "`where`, or the caller's id if it belongs to no workspace (docs/adding-a-domain.md). If the "
    "test fails with policies too, correct the policy of the table."
)
WRITES_TO_ANYONE = {name for domain in domains().values() for name in domain.writes_to_anyone}


async def rows_of(owner: Prisma, team: Team) -> list[str]:
    """Return every row of every table that has the id of the team's workspace or people."""
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
    names = [team.id, team.owner.id, team.admin.id, team.member.id]
    found = await owner.query_raw(
        f"SELECT row FROM ({union}) AS rows WHERE row LIKE ANY ($1::text[]) ORDER BY row",  # pyright: ignore[reportArgumentType]  # the database's own names
        [f"%{name}%" for name in names],
    )
    return [row["row"] for row in found]


def secrets_in(rows: list[str]) -> set[str]:
    """Return the ids, names, addresses and hashes in rows: what occurs nowhere else."""
    values = {
        value
        for row in rows
        for value in json.loads(row[row.index("{") :]).values()
        if isinstance(value, str)
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


async def require_no_leaks(
    api: Api,
    tested: list[Route],
    all_routes: list[Route],
    *,
    once_rows_exist: Callable[[], None] = lambda: None,
) -> None:
    blue = await make_team(api, "blue")
    people = (blue.owner, blue.admin, blue.member)
    targets = [await make_target(blue, person.id, all_routes=all_routes) for person in people]
    before = await rows_of(api.owner, blue)
    secrets = secrets_in(before)
    known = {blue.id, blue.name_shown, blue.admin.email, blue.member.id}
    assert known | {targets[0]["invitationId"]} < secrets

    once_rows_exist()
    leaks: list[str] = []
    for number, route in enumerate(tested):
        try:
            await check_route(api, route, number, targets, secrets)
        except AssertionError as error:
            leaks.append(str(error).splitlines()[0])
        after = await rows_of(api.owner, blue)
        if after != before and route.name not in WRITES_TO_ANYONE:
            leaks.append(f"{route.name} changed foreign rows")
        before = after
    assert not leaks, "\n".join([*leaks, REMEDY])


async def check_route(
    api: Api, route: Route, number: int, targets: list[Target], secrets: set[str]
) -> None:
    """Let everyone ask a route for every target, also within a workspace of the caller's own."""
    for caller in CALLERS if route.needs_caller else CALLERS[-2:]:
        client, own = await make_caller(api, caller, number)
        for target in targets:
            for within in {None, own if "{workspaceId}" in route.path else None}:
                await check(api, client, route, target, within, secrets)
                if route.takes_cursor:  # the first page too: a foreign cursor is refused
                    first = replace(target, cursors={})
                    await check(api, client, route, first, within, secrets)


async def make_caller(api: Api, caller: str, number: int) -> tuple[httpx.AsyncClient, str | None]:
    """Create a caller with a team of their own; return their client and their workspace."""
    if caller == "anonymous":
        return api.anonymous, None
    if caller == "stranger":
        return (await api.person(f"stranger{number}")).http, None
    red = await make_team(api, f"red{CALLERS.index(caller)}.{number}")
    if caller == "owner with a cookie":
        return (await api.browser(red.owner.id, red.owner.email)).http, red.id
    people = {"owner": red.owner, "admin": red.admin, "member": red.member}
    return people[caller].http, red.id


async def check(
    api: Api,
    client: httpx.AsyncClient,
    route: Route,
    target: Target,
    within: str | None,
    secrets: set[str],
) -> None:
    """Require the answer for what does not exist, which shows nothing of the target."""
    nothing_there = replace(nowhere(), cursors=target.cursors)
    request = route.make_request(target, within=within)
    same_for_nothing = route.make_request(nothing_there, within=within)
    if request == same_for_nothing and within and route.method != "GET":
        return  # it names nobody's rows
    label = f"{route.name}: {request}"
    await api.owner.throttle.delete_many()
    response = await request.send(client)

    assert response.status_code < 500, label
    shown, sent = response.text + repr(response.headers), repr(request)
    leaked = [secret for secret in secrets if secret in shown and secret not in sent]
    assert not leaked, f"{label} shows {leaked[:3]} of another workspace"
    if request == same_for_nothing:
        return
    await api.owner.throttle.delete_many()
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
    ("module", "name"), [(module, name) for module in FILTERED for name in FILTERED[module]]
)
async def test_a_forgotten_filter_fails(
    api: Api,
    all_routes: list[Route],
    module: str,
    name: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
):
    """The test above detects a query that is not limited to its workspace."""

    def forget() -> None:
        monkeypatch.setattr(f"{module}.in_workspace", lambda _: {})  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]

    tested = [route for route in all_routes if route.name == name]
    if "without" in request.node.name:
        leak = (
            rf"^{name}.* (shows \[|answers 2\d\d instead|changed foreign rows)(?s:.*)in_workspace"
        )
        with pytest.raises(AssertionError, match=leak):
            await require_no_leaks(api, tested, all_routes, once_rows_exist=forget)
    else:  # the policies alone suffice
        await require_no_leaks(api, tested, all_routes, once_rows_exist=forget)


async def test_the_requests_are_good(api: Api, all_routes: list[Route]):
    """Within the caller's own workspace they succeed: isolation alone stops them above."""
    for number, route in enumerate(all_routes):
        if "{workspaceId}" not in route.path:
            continue
        team = await make_team(api, f"own{number}")
        target = await make_target(team, team.member.id, all_routes=[])
        answer = await route.make_request(target).send(team.owner.http)
        if answer.status_code == 404:  # some routes answer the admin alone, who got an offer
            answer = await route.make_request(target).send(team.admin.http)
        assert answer.is_success or answer.status_code == 409, (
            f"{route.module}: `bodies` or `make_rows` is wrong for {route.name}: {answer.text}"
        )


async def test_other_teams_do_not_change_what_is_read(api: Api, all_routes: list[Route]):
    """Every read of a team is the same, byte by byte, before and after another team exists.

    Only what needs a capability shows the whole installation.
    """
    red = await make_team(api, "red")
    target = await make_target(red, red.member.id, all_routes=[])

    async def read() -> dict[tuple[str, str], str]:
        return {
            (route.name, person.email): (await route.make_request(target).send(person.http)).text
            for route in all_routes
            if route.method == "GET" and not route.capability
            for person in (red.owner, red.admin, red.member)
        }

    await read()  # the first use of a session is written down
    alone = await read()
    blue = await make_team(api, "blue")
    await make_target(blue, blue.member.id, all_routes=[])

    assert await read() == alone


async def test_two_workspaces_of_one_user_stay_apart(api: Api, all_routes: list[Route]):
    """A member of two workspaces sees, inside of one, nothing of the other."""
    red, blue = await make_team(api, "red"), await make_team(api, "blue")
    target = await make_target(red, red.member.id, all_routes=[])
    await make_target(blue, blue.member.id, all_routes=[])
    secrets = secrets_in(await rows_of(api.owner, blue)) - secrets_in(await rows_of(api.owner, red))
    both = red.admin
    await blue.add(both)
    assert blue.id in secrets

    for route in all_routes:
        if route.method == "GET" and "{workspaceId}" in route.path:
            answer = await route.make_request(target).send(both.http)
            assert answer.status_code == 200, route.name
            assert not [secret for secret in secrets if secret in answer.text], route.name
