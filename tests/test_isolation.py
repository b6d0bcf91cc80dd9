"""Nothing leaks from one workspace's world into another's: every route, every pair of users.

Everybody asks for what belongs to another world. The answer has to be, word for word, the one for
what does not exist; to show nothing of the other world; and to leave the other's rows as they are.
A route that is new is asked for too, or fails here until BODIES or PARAMETERS tell how.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from prisma import Prisma

from app.workspaces import new_workspace_id
from tests.fix_api import PASSWORD, Api
from tests.fix_team import Team, make_team

OTHER_PASSWORD = "another horse on the moon"


@dataclass(frozen=True)
class Target:
    """What a request is aimed at."""

    workspace: str
    user: str
    email: str
    session: str
    invitation: str
    token: str
    cursors: dict[str, str]

    @staticmethod
    def nowhere() -> "Target":
        """What has the shape of something, and is nothing."""
        return Target(
            workspace=new_workspace_id(),
            user=str(uuid.uuid4()),
            email=f"{uuid.uuid4().hex}@example.com",
            session=str(uuid.uuid4()),
            invitation=str(uuid.uuid4()),
            token=uuid.uuid4().hex,
            cursors={},
        )


PARAMETERS: dict[str, Callable[[Target], str]] = {
    "workspaceId": lambda target: target.workspace,
    "userId": lambda target: target.user,
    "invitationId": lambda target: target.invitation,
    "sessionId": lambda target: target.session,
}

# Of what concerns an account alone, the other's secrets are not in hand: their address is.
BODIES: dict[str, Callable[[Target], object]] = {
    "POST /v1/workspaces": lambda _: {"name": "Mine"},
    "PATCH /v1/workspaces/{workspaceId}": lambda _: {"name": "Changed"},
    "POST /v1/workspaces/{workspaceId}/transfer": lambda target: {"userId": target.user},
    "POST /v1/workspaces/{workspaceId}/members": lambda target: {"userId": target.user},
    "PATCH /v1/workspaces/{workspaceId}/members/{userId}": lambda _: {"role": "admin"},
    "POST /v1/workspaces/{workspaceId}/invitations": lambda target: {"email": target.email},
    "POST /v1/invitations/accept": lambda target: {"token": target.token},
    "POST /v1/auth/sign-up": lambda target: {"email": target.email, "password": OTHER_PASSWORD},
    "POST /v1/auth/confirm-email": lambda _: {"token": "nothing", "password": OTHER_PASSWORD},
    "POST /v1/auth/resend-confirmation": lambda target: {"email": target.email},
    "POST /v1/auth/forgot-password": lambda target: {"email": target.email},
    "POST /v1/auth/reset-password": lambda _: {"token": "nothing", "newPassword": OTHER_PASSWORD},
    "POST /v1/auth/log-in": lambda target: {"email": target.email, "password": OTHER_PASSWORD},
    "POST /v1/auth/refresh": lambda _: {"refreshToken": "nothing"},
    "PATCH /v1/me": lambda _: {"name": "Changed"},
    "DELETE /v1/me": lambda _: {"password": PASSWORD},
    "POST /v1/me/password": lambda _: {"currentPassword": PASSWORD, "newPassword": OTHER_PASSWORD},
    "PUT /v1/me/workspace": lambda target: {"workspaceId": target.workspace},
}

# Anybody may have these mailed to an address; what they write is its holder's link.
MAIL_LINKS = {"POST /v1/auth/sign-up", "POST /v1/auth/forgot-password"}

CALLERS = ("owner", "admin", "member", "stranger", "anonymous")


@dataclass(frozen=True)
class Ask:
    """A request."""

    method: str
    path: str
    query: str
    body: object

    async def by(self, client: httpx.AsyncClient) -> httpx.Response:
        body = {} if self.body is None else {"json": self.body}
        return await client.request(self.method, self.path + self.query, **body)  # pyright: ignore[reportArgumentType]  # JSON or nothing


@dataclass(frozen=True)
class Route:
    """A method and a path of the API's description."""

    method: str
    path: str
    takes_body: bool
    takes_cursor: bool
    needs_caller: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def ask(self, target: Target, *, within: str | None = None) -> Ask:
        """The request; `within` is the caller's own workspace, for what is deeper in the path."""
        place = replace(target, workspace=within) if within else target
        path = re.sub(r"{(\w+)}", lambda found: PARAMETERS[found[1]](place), self.path)
        cursor = target.cursors.get(self.name) if self.takes_cursor else None
        return Ask(
            self.method,
            path,
            f"?cursor={cursor}" if cursor else "",
            BODIES[self.name](target) if self.takes_body else None,
        )


def routes(description: dict[str, Any]) -> Iterator[Route]:
    for path, methods in description["paths"].items():
        for method, told in methods.items():
            names = {parameter["name"] for parameter in told.get("parameters", [])}
            yield Route(
                method.upper(), path, "requestBody" in told, "cursor" in names, "security" in told
            )


async def make_target(team: Team, user: str, *, all_routes: list[Route]) -> Target:
    """At one of the people of a team, and at what is in its workspace."""
    guest = f"guest.{uuid.uuid4().hex}@example.com"
    invitation, token = await team.invited(guest)
    person = next(one for one in (team.owner, team.admin, team.member) if one.id == user)
    target = Target(team.id, user, person.email, person.session, invitation, token, {})
    for _ in range(2):
        await team.owner.post(f"{team.path}/invitations", {"email": f"{uuid.uuid4().hex}@x.org"})
    for route in all_routes:
        if route.takes_cursor:
            asked = route.ask(target)
            page = await replace(asked, query="?take=1").by(team.owner.http)
            target.cursors[route.name] = page.json()["nextCursor"] or ""
    return target


async def rows_of(owner: Prisma, team: Team) -> list[str]:
    """Every row of every table with the id of the team's workspace or of one of its people."""
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
    """Ids, names, addresses and hashes that stand in rows, and nowhere else."""
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


async def test_nothing_leaks(api: Api, all_routes: list[Route]):
    """Everybody of one world and of none asks every route for everybody of another."""
    blue = await make_team(api, "blue")
    people = (blue.owner, blue.admin, blue.member)
    targets = [await make_target(blue, person.id, all_routes=all_routes) for person in people]
    before = await rows_of(api.owner, blue)
    secrets = secrets_in(before)
    assert {
        blue.id,
        blue.name_shown,
        blue.admin.email,
        blue.member.id,
        targets[0].invitation,
    } < secrets

    for number, route in enumerate(all_routes):
        for caller in CALLERS if route.needs_caller else CALLERS[-2:]:
            client, own = await world_of(api, caller, number)
            for target in targets:
                for within in {None, own if "{workspaceId}" in route.path else None}:
                    await check(api, client, route, target, within, secrets)
        if route.name not in MAIL_LINKS:
            assert await rows_of(api.owner, blue) == before, route.name
        before = await rows_of(api.owner, blue)


async def world_of(api: Api, caller: str, number: int) -> tuple[httpx.AsyncClient, str | None]:
    """Somebody with a world of their own: their client, and their workspace."""
    if caller == "anonymous":
        return api.anonymous, None
    if caller == "stranger":
        return (await api.person(f"stranger{number}")).http, None
    red = await make_team(api, f"red.{caller}{number}")
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
    """The answer is the one for what is not there, and shows nothing."""
    nowhere = replace(Target.nowhere(), cursors=target.cursors)
    asked, nothing = route.ask(target, within=within), route.ask(nowhere, within=within)
    if asked == nothing and within and route.method != "GET":
        return  # it is not aimed at anybody
    told = repr(asked)
    await api.owner.throttle.delete_many()
    answer = await asked.by(client)

    assert answer.status_code < 500, told
    shown, said = answer.text + repr(answer.headers), repr(asked)
    assert not [secret for secret in secrets if secret in shown and secret not in said], told
    if asked == nothing:
        return
    await api.owner.throttle.delete_many()
    expected = await nothing.by(client)
    assert answer.status_code == expected.status_code, told
    if answer.status_code == 201:  # something of one's own, such as an invitation to an address
        assert answer.json().keys() == expected.json().keys(), told
    else:
        assert (answer.text, answer.headers) == (expected.text, expected.headers), told


async def test_the_requests_are_good(api: Api, all_routes: list[Route]):
    """Aimed at one's own they do what they are for: above it is isolation that stops them."""
    for number, route in enumerate(all_routes):
        if "{workspaceId}" not in route.path:
            continue
        team = await make_team(api, f"own{number}")
        target = await make_target(team, team.member.id, all_routes=[])
        answer = await route.ask(target).by(team.owner.http)
        assert answer.is_success or answer.status_code == 409, (route.name, answer.text)


async def test_nothing_is_counted(api: Api, all_routes: list[Route]):
    """What one reads of one's own is the same, byte by byte, before and after another world is."""
    red = await make_team(api, "red")
    target = await make_target(red, red.member.id, all_routes=[])

    async def read() -> dict[tuple[str, str], str]:
        return {
            (route.name, person.email): (await route.ask(target).by(person.http)).text
            for route in all_routes
            if route.method == "GET"
            for person in (red.owner, red.admin, red.member)
        }

    await read()  # a session's first use is written down
    alone = await read()
    blue = await make_team(api, "blue")
    await make_target(blue, blue.member.id, all_routes=[])

    assert await read() == alone


async def test_two_workspaces_of_one_user_stay_apart(api: Api, all_routes: list[Route]):
    """Who works in two sees, inside of one, nothing of the other."""
    red, blue = await make_team(api, "red"), await make_team(api, "blue")
    target = await make_target(red, red.member.id, all_routes=[])
    await make_target(blue, blue.member.id, all_routes=[])
    secrets = secrets_in(await rows_of(api.owner, blue)) - secrets_in(await rows_of(api.owner, red))
    both = red.admin
    await blue.add(both)
    assert blue.id in secrets

    for route in all_routes:
        if route.method == "GET" and "{workspaceId}" in route.path:
            answer = await route.ask(target).by(both.http)
            assert answer.status_code == 200, route.name
            assert not [secret for secret in secrets if secret in answer.text], route.name
