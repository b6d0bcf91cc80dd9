"""`tenantry admin`: the first administrator is created on the command line, and nowhere else."""

from typing import Any

import pytest
from prisma import Prisma

from app.commands import admin
from tests.domains import Target, api_routes, method_of
from tests.fix_access import administrator_role, create_role, roles_of
from tests.fix_api import Api
from tests.fix_service import run_tenantry
from tests.fix_team import make_team
from tests.targets import make_target, routes

ROLE = "administrator"


async def events(api: Api) -> list[dict[str, Any]]:
    """Return the events of the installation's trail, oldest first."""
    return await api.owner.query_raw(
        """
        SELECT action, "actorId", "subjectId", details FROM "AuditEvent"
        WHERE num_nonnulls("workspaceId", "organizationId") = 0 ORDER BY ctid
        """
    )


async def test_grant_and_revoke(api: Api):
    """They take effect on the next request; a second time they change nothing and say so."""
    ann = await api.person("ann")

    said = [
        await admin.grant(api.owner, email=" Ann@Example.com", role=ROLE),
        await admin.grant(api.owner, email=ann.email, role=ROLE),
    ]
    assert await roles_of(api, ann) == {ROLE}
    assert (await ann.get("/v1/roles")).status_code == 200
    said += [
        await admin.revoke(api.owner, email=ann.email, role=ROLE),
        await admin.revoke(api.owner, email=ann.email, role=ROLE),
    ]

    assert said == [
        "ann@example.com now has the role administrator.",
        "ann@example.com already has the role administrator.",
        "ann@example.com no longer has the role administrator.",
        "ann@example.com does not have the role administrator.",
    ]
    assert await roles_of(api, ann) == set()
    assert (await ann.get("/v1/roles")).status_code == 403


async def test_both_are_audited(api: Api):
    """The actor is the account itself, and the details say that it was the command."""
    ann = await api.person("ann")
    support = await create_role(api, "support")
    await admin.grant(api.owner, email=ann.email, role="support")
    await admin.grant(api.owner, email=ann.email, role=ROLE)
    await admin.revoke(api.owner, email=ann.email, role=ROLE)

    recorded = await events(api)

    assert {(each["actorId"], each["subjectId"]) for each in recorded} == {(ann.id, ann.id)}
    role = await administrator_role(api)
    by = {"by": "tenantry admin"}
    assert [(each["action"], each["details"]) for each in recorded] == [
        ("role.granted", {"roleId": support, "role": "support", "before": [], **by}),
        ("role.granted", {"roleId": role, "role": ROLE, "before": ["support"], **by}),
        ("role.revoked", {"roleId": role, "role": ROLE, "before": [ROLE, "support"], **by}),
    ]


async def test_unknown_and_unconfirmed_accounts_get_nothing(api: Api):
    """The error names the address or the role."""
    await api.person("ann")
    await api.person("bob", confirmed=False)

    for email, role, message in (
        ("nobody@example.com", ROLE, "No account has the address 'nobody@example.com'."),
        ("bob@example.com", ROLE, "bob@example.com has not confirmed the address yet."),
        ("ann@example.com", "root", "There is no role 'root', only administrator."),
    ):
        with pytest.raises(admin.AdminError) as caught:
            await admin.grant(api.owner, email=email, role=role)
        assert str(caught.value) == message
    assert await api.owner.userrole.count() == 0
    assert await events(api) == []


async def test_the_list_names_accounts_and_roles(api: Api):
    """One line for each account that has a role; without any it says what to do."""
    assert "tenantry admin grant EMAIL" in await admin.list_roles(api.owner)
    await create_role(api, "support")
    for email, role in (("bo", ROLE), ("ann", "support"), ("ann", ROLE)):
        if await api.owner.user.count(where={"email": f"{email}@example.com"}) == 0:
            await api.person(email)
        await admin.grant(api.owner, email=f"{email}@example.com", role=role)
    await api.person("cleo")

    assert (await admin.list_roles(api.owner)).splitlines() == [
        "ann@example.com  administrator, support",
        "bo@example.com   administrator",
    ]


async def test_the_command(owner: Prisma, database: str):
    """It works while nothing serves; an error is one line."""
    await owner.user.create({"email": "ann@example.com"})
    refused = run_tenantry("admin", "grant", "ann@example.com", DATABASE_URL=database)
    await owner.query_raw('UPDATE "User" SET "emailConfirmedAt" = now() RETURNING 1')

    done = [
        run_tenantry("admin", *arguments, DATABASE_URL=database)
        for arguments in (
            ("grant", "ann@example.com", "--role", "administrator"),
            ("list",),
            ("revoke", "ann@example.com"),
        )
    ]

    assert refused.returncode == 1
    assert refused.stderr == "tenantry: ann@example.com has not confirmed the address yet.\n"
    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 3
    assert [each.stdout for each in done] == [
        "ann@example.com now has the role administrator.\n",
        "ann@example.com  administrator\n",
        "ann@example.com no longer has the role administrator.\n",
    ]


async def test_no_route_creates_the_first_administrator(api: Api):
    """An ordinary user asks every route of the API; afterwards nobody has a role."""
    team = await make_team(api, "red")
    all_routes = [each for each in routes(api.app.openapi()) if each.path != "/v1/me"]
    target = await make_target(team, team.owner)
    await api.owner.userrole.delete_many()
    before = await api.owner.role.count()
    root = {"roleId": await administrator_role(api)}
    administrator = Target({**target.of("access").values, **root})
    assert {f"{method_of(route)} {route.path}" for route in api_routes().values()} >= {
        "PUT /v1/users/{userId}/roles/{roleId}", "POST /v1/roles", "PATCH /v1/roles/{roleId}",
    }  # fmt: skip

    for each in (target, administrator):
        for route in all_routes:
            for person in (team.owner, team.admin, team.member):
                # A session of its own, because some of the routes end sessions.
                caller = await api.signed_in(person.id, person.email)
                answer = await route.make_request(each).send(caller.http)
                assert answer.status_code < 500, route.name
                # At once, because a later request may revoke what this one granted.
                assert await api.owner.userrole.count() == 0, route.name
                assert await api.owner.role.count() == before, route.name
