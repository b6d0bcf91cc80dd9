"""What a request can do while its caller is impersonated, and what it leaves behind."""

from typing import Any

import pytest
from prisma import Prisma
from prisma.enums import WorkspaceRole
from prisma.errors import PrismaError

from app.database.scope import set_scope, use_scope
from app.impersonation import credentials
from tests.fix_api import Api
from tests.fix_impersonation import impersonate, make_impersonator
from tests.fix_team import Team, make_team
from tests.fix_work import Counter


def _anything(_: object) -> bool:
    return True


async def test_another_tenancy_is_one_of_strangers(api: Api, team: Team):
    """Even if the user is a member there, and whether or not it allows impersonation."""
    support = await make_impersonator(api, "support")
    blue = await make_team(api, "blue")
    await blue.add(team.member)
    member = await impersonate(support, team, team.member)
    stranger = await api.person("stranger")

    answer = await member.get(blue.path)

    assert (answer.status_code, answer.text) == (404, (await stranger.get(blue.path)).text)
    assert answer.headers["Impersonated-By"] == support.id
    assert await blue.actions() == []
    assert await team.actions() == ["impersonation.started", "impersonation.request"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/me"),
        ("GET", "/v1/me/sessions"),
        ("POST", "/v1/me/password"),
        ("DELETE", "/v1/me"),
        ("POST", "/v1/auth/log-out"),
        ("GET", "/v1/workspaces"),
        ("POST", "/v1/workspaces"),
        ("GET", "/v1/impersonations"),
        ("POST", "/v1/impersonations"),
    ],
)
async def test_the_users_own_routes_are_refused(team: Team, method: str, path: str):
    """What belongs to the user, and to no tenancy, is theirs alone, in both modes."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member, mode="write")
    bodies: dict[str, Any] = {
        "/v1/me/password": {"currentPassword": "x", "newPassword": "a horse on the moon 2"},
        "/v1/workspaces": {"name": "Mine"},
    }
    body = {} if method == "GET" else {"json": bodies.get(path, {})}
    answer = await member.request(method, path, **body)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_while_impersonating")
    assert answer.headers["Impersonated-By"] == support.id


async def test_reading_is_as_the_user(team: Team):
    """The response is the user's own, but for the header that says who reads."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)
    answer = await member.get(f"{team.path}/members")
    assert answer.text == (await team.member.get(f"{team.path}/members")).text
    assert answer.headers["Impersonated-By"] == support.id
    assert (await member.get(f"{team.path}/audit-events")).status_code == 403  # as for any member


async def test_read_mode_refuses_to_write(team: Team):
    """Over HTTP, whatever the route."""
    support = await make_impersonator(team.api, "support")
    owner = await impersonate(support, team, team.owner)
    for answer in (
        await owner.patch(team.path, {"name": "Changed"}),
        await owner.delete(team.path),
        await owner.post(f"{team.path}/members", {"userId": team.member.id}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "impersonation_read_only")
        assert answer.headers["Impersonated-By"] == support.id
    assert (await team.actions()).count("impersonation.request") == 3


async def test_in_read_mode_postgresql_refuses_to_write(
    team: Team, monkeypatch: pytest.MonkeyPatch
):
    """A handler that reads cannot write by mistake, nor from an inner scope or a transaction."""
    support = await make_impersonator(team.api, "support")
    owner = await impersonate(support, team, team.owner)
    refused: list[str] = []

    async def try_to_write() -> None:
        from app.db import prisma

        async def write(client: Prisma) -> None:
            await client.workspace.update_many(where={"id": team.id}, data={"name": "Changed"})

        async def in_transaction() -> None:
            async with prisma.tx() as tx:
                await write(tx)

        async def in_inner_scope() -> None:
            with use_scope(user=team.owner.id, workspace=team.id):
                await write(prisma)

        async def with_another_impersonator() -> None:
            set_scope(user=team.owner.id, workspace=team.id)
            await write(prisma)

        for attempt in (
            write(prisma),
            in_transaction(),
            in_inner_scope(),
            with_another_impersonator(),
        ):
            with pytest.raises(PrismaError) as error:
                await attempt
            refused.append(str(error.value))

    async def list_members(*_: object, **__: object) -> Any:
        await try_to_write()
        return {"items": [], "nextCursor": None}

    monkeypatch.setattr("app.workspaces.members.list_members", list_members)
    assert (await owner.get(f"{team.path}/members")).status_code == 200
    assert len(refused) == 4
    assert all("read-only transaction" in text for text in refused), refused
    found = await team.api.owner.workspace.find_unique_or_raise(where={"id": team.id})
    assert found.name == team.name_shown


async def test_write_mode_refuses_what_is_not_declared(team: Team):
    """Roles, members, invitations, transfers, the tenancy and its deletion."""
    support = await make_impersonator(team.api, "support")
    owner = await impersonate(support, team, team.owner, mode="write")
    before = await team.roles()
    for answer in (
        await owner.patch(team.path, {"name": "Changed"}),
        await owner.delete(team.path),
        await owner.patch(f"{team.path}/members/{team.member.id}", {"role": "admin"}),
        await owner.delete(f"{team.path}/members/{team.member.id}"),
        await owner.post(f"{team.path}/invitations", {"email": "guest@example.com"}),
        await owner.post(f"{team.path}/transfer", {"userId": team.admin.id}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_while_impersonating")
    assert await team.roles() == before
    assert set(await team.actions()) == {"impersonation.started", "impersonation.request"}


async def test_events_name_both(team: Team, monkeypatch: pytest.MonkeyPatch):
    """What is changed in write mode is recorded as done by the user and by who acted as them."""
    support = await make_impersonator(team.api, "support")
    owner = await impersonate(support, team, team.owner, mode="write")
    await team.api.owner.execute_raw('DROP TRIGGER "not while impersonating" ON "Workspace"')
    monkeypatch.setattr(credentials, "is_writable_while_impersonating", _anything)
    assert (await owner.patch(team.path, {"name": "Changed"})).status_code == 200
    event = await team.api.owner.auditevent.find_first_or_raise(
        where={"action": "workspace.changed"}
    )
    assert (event.actorId, event.impersonatorId) == (team.owner.id, support.id)


@pytest.mark.parametrize("mode", ["read", "write"])
async def test_requests_are_recorded_also_if_they_are_refused(team: Team, mode: str):
    """Method, route, what the path names, and mode."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member, mode=mode)
    assert (await member.get(f"{team.path}/invitations")).status_code == 403
    assert (await member.delete(f"{team.path}/members/{team.admin.id}")).status_code == 403

    events = await team.api.owner.auditevent.find_many(where={"action": "impersonation.request"})

    assert {(event.workspaceId, event.actorId, event.impersonatorId) for event in events} == {
        (team.id, team.member.id, support.id)
    }
    assert [event.details for event in sorted(events, key=lambda event: event.createdAt)] == [
        {
            "mode": mode,
            "method": "GET",
            "route": "/v1/workspaces/{workspaceId}/invitations",
            "parameters": {"workspaceId": team.id},
        },
        {
            "mode": mode,
            "method": "DELETE",
            "route": "/v1/workspaces/{workspaceId}/members/{userId}",
            "parameters": {"workspaceId": team.id, "userId": team.admin.id},
        },
    ]


async def test_the_owner_reads_which_project_was_opened(team: Team):
    """The trail has the ids in the path, and nothing that is no id."""
    organization = team.organization
    support = await make_impersonator(team.api, "support")
    owner = await impersonate(support, organization, organization.owner)
    ids = team.project_path.removeprefix("/v1/organizations/").split("/projects/")
    assert (await owner.get(team.project_path)).status_code == 200
    assert (await owner.get(f"{organization.path}/projects/a%00b")).status_code == 404
    assert (await owner.get(f"{organization.path}/projects/{'x' * 101}")).status_code == 404

    events = (await organization.owner.get(f"{organization.path}/audit-events")).json()["items"]

    assert [
        event["details"]["parameters"]
        for event in reversed(events)
        if event["action"] == "impersonation.request"
    ] == [{"organizationId": ids[0], "projectId": project} for project in (ids[1], None, None)]


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("GET", "/v1/nothing", 404, None),
        ("PUT", "/v1/me", 405, "/v1/me"),
        ("GET", "/v1/me", 403, "/v1/me"),
        ("POST", "/v1/auth/log-in", 422, "/v1/auth/log-in"),
        ("PATCH", "/v1/workspaces/{id}", 422, "/v1/workspaces/{{workspaceId}}"),
    ],
)
async def test_every_error_names_the_impersonator_and_is_recorded(
    team: Team, work: Counter, method: str, path: str, status: int, route: str | None
):
    """Also if the request is refused before its route knows who calls, or because of who calls."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member, mode="write")
    broken = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    answer = await member.request(method, path.format(id=team.id), **broken)
    assert answer.status_code == status
    assert answer.headers["Impersonated-By"] == support.id
    events = await team.api.owner.auditevent.find_many(where={"action": "impersonation.request"})
    assert [
        (event.actorId, event.impersonatorId, event.subjectId, event.workspaceId)
        for event in events
    ] == [(team.member.id, support.id, member.session, team.id)]
    details: Any = events[0].details
    assert (details["method"], details["route"]) == (method, route and route.format())
    with work.counting() as own_work:
        own = await team.member.request(method, path.format(id=team.id), **broken)
    assert "Impersonated-By" not in own.headers
    assert not own_work.statements or own.status_code == 200


async def test_errors_after_the_end_are_not_recorded(team: Team):
    """The token of an impersonation that is over writes nothing to the trail."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)
    assert (await member.post("/v1/impersonation/end")).status_code == 204
    for path in ("/v1/nothing", "/v1/me", team.path):
        assert (await member.get(path)).headers["Impersonated-By"] == support.id
    assert "impersonation.request" not in await team.actions()


async def test_a_refusal_that_cannot_be_recorded(
    team: Team, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """The response is what it would be, and the log says what the trail lacks."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)

    async def fail(*_: object) -> None:
        raise PrismaError

    monkeypatch.setattr(credentials, "_record", fail)
    assert (await member.get("/v1/me")).status_code == 403
    assert "missing in the audit trail" in caplog.text


async def test_what_it_costs(team: Team, work: Counter):
    """Two statements more than for the user, who sends what they always did."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)
    with work.counting() as own:
        await team.member.get(f"{team.path}/members")
    with work.counting() as impersonated:
        await member.get(f"{team.path}/members")
    assert len(own.statements) == 2
    without_transactions = [
        each for each in impersonated.statements if each not in ("BEGIN", "COMMIT")
    ]
    assert len(without_transactions) == 4


async def test_the_next_request_of_the_task_is_nobodys(team: Team):
    """A scope with an impersonator ends with its request."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)
    assert (await member.get(team.path)).status_code == 200
    assert (await team.owner.patch(team.path, {"name": "Changed"})).status_code == 200
    event = await team.api.owner.auditevent.find_first_or_raise(
        where={"action": "workspace.changed"}
    )
    assert event.impersonatorId is None


async def test_a_change_of_role_takes_effect(team: Team):
    """The impersonator has the role that the user has now."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)
    assert (await member.get(f"{team.path}/invitations")).status_code == 403
    await team.api.owner.workspacemember.update_many(
        where={"userId": team.member.id}, data={"role": WorkspaceRole.admin}
    )
    assert (await member.get(f"{team.path}/invitations")).status_code == 200
